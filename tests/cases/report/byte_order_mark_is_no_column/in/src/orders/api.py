import json
import requests


def total():
    return 1
