"""
import b
>>> import b
"""
important = 1
x.import_ = "import b"  # import b
re_import = r"\" + 'from b import c'


def f():
    yield from b
    raise X from y
