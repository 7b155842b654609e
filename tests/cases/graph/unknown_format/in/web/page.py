from billing.charge import cents, Charge
