module x.org/server
