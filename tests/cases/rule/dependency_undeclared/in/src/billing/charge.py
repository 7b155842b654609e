import orders.api
from legacy import prices


def charge():
    import legacy.tax
