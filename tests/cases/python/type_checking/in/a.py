import typing as t
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import b
else:
    import c
if t.TYPE_CHECKING: from b import x; import d
if not TYPE_CHECKING:
    import b
else:
    import c


def f():
    if x:
        import b
    elif (TYPE_CHECKING):  # types

# a comment at the start of the line
        X = [
1
]
        if y:
            import c
    import d
if TYPE_CHECKING or x:
    import b
