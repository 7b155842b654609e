import importlib
from importlib import import_module

importlib.import_module("a.b")
import_module(
    name="a."  # two
    "b"
)
import_module(".b", __name__)
__import__("a.b", fromlist=["x"])
import_module("a.none")
import_module(name)
import_module("a." + name)
import_module(f"a.{name}")
