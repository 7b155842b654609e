def of(x):
    return x
