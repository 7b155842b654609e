from identity.user import User, name
from orders.order import place


def show(user: User):
    return name(user), place(user)
