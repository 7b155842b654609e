import shop.cart
import orders.api
