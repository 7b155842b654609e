import money.rates
