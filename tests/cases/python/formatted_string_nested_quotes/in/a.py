x = f'{y['a']}'
import b
z = f"{f'{1:{w}}'}{{"  # "
import c
u = rf'''{
    y  # '''
}
import no
'''
import d
f'{__import__("e").x}'
t'{v!r:>{n}}' ; import f
