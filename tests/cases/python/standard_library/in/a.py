import os.path, sys, json, urllib2
from __future__ import annotations
import tomllib, asyncore
