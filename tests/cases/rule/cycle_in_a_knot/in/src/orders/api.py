import shop.cart
import legacy.prices
