x = f'{
import b
y = f'{z:
import c
