from ..s import x
