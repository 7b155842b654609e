import legacy.prices
import orders.api
