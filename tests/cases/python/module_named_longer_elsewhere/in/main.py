import plugins.redis.client
import redis
