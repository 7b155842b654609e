import legacy.tax.api
import legacy.tax.store
import legacy.v1.deep.x
