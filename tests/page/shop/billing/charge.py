import stripe

from identity.user import User
from orders.order import Order
from web.page import show
from .lost.page import missing


def charge(user: User, order: Order):
    return stripe.Charge, show(user)
