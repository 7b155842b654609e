x = '\\'
import b
y = 'it\'s' "'" '''a '' \''' b'''
import c
z = rb'\'  # '
w = '\
import no'
import d
v = 'open
import e
