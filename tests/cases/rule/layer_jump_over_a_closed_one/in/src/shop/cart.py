import billing.charge
import legacy.prices
