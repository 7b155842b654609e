import ns.part.mod
from ns.part import mod
from ns import part
import ns
from ns.part import none
