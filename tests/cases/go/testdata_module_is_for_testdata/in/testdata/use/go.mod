module example.com/use
