import legacy.prices
