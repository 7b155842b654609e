import lib.x, lib.y
