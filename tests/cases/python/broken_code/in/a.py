import b
import
from import
from b
import b.
import (
x = [
import c
