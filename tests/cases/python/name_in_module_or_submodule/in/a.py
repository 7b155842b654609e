from p import m, name
from p.m import name
from p.m.name import no
import p.none.more
import p.m
from p.__init__ import name
