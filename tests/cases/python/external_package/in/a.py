import numpy as np
from google.cloud import storage
import a.none
