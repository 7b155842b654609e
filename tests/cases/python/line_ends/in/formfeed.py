import b

import c
import b
