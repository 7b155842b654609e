print "import b", `x`
exec "import b"
import b, urllib2
print >>f, 'it'
try: pass
except E, e: import b
