from ns.a import y
