import orders.api
import orders.item
