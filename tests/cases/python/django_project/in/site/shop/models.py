from django.db import models
from config import settings
