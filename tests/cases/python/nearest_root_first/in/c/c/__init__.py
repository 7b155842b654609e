import lib.x
