import redis
from plugins.redis import x
