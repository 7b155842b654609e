from importlib import import_module
import_module(".c", package=__package__)
import_module(".c", package="a")
import_module(".c", package=__name__)
import_module("..a", package=what)
