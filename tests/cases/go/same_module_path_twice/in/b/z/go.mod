module example.com/z
