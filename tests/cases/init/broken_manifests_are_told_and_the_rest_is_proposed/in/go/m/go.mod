module x.org/m
