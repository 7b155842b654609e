try:
    import b
except ImportError:
    import c


class A:
    import d

    async def f(self):
        match self:
            case 1: import e
            case _:
                from b import x
