import os


class Charge:
    pass


def cents():
	import billing.missing
	from web.page import x  # 日本
