import b.b
