import billing.charge
import shop.cart
