# café
import os
