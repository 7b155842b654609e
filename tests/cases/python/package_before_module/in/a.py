import b, c, d, e, f
