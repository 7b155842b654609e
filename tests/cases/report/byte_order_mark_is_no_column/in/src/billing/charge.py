from legacy import prices
