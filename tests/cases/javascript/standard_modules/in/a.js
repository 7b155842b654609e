import "fs"; import "node:test"; import "fs/promises"; import "punycode"; import "punycode/"; import "node:fs"
