module x.org/api
