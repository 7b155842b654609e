x = "é"; import été
from été import où
