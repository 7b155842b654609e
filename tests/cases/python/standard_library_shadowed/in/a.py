import json, time
