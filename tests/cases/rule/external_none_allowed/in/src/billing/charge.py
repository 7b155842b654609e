import sys
import requests
