import legacy.api
import legacy.tax
from legacy import store
