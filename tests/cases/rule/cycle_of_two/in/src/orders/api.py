import billing.charge
