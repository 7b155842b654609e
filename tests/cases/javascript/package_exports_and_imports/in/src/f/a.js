import "me"; import "me/f/a"; import "me/f/no"; import "#in"; import "#dep"; import "#d/one"; import "#gone"
