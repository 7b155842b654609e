module x.org/lint
