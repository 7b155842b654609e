import os
import attr
import requests.adapters
import requests
import legacy.http
