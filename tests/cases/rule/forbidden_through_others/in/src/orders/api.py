import billing.charge
from billing import charge
