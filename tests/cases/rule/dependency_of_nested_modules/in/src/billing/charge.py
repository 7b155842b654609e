import billing.tax.rate
