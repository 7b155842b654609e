from typing import TYPE_CHECKING
from identity.user import name

if TYPE_CHECKING:
    from billing.charge import charge


class Order:
    pass


def place(user):
    return name(user)
