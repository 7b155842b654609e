import google.protobuf.message
from api import common_pb2 as api_dot_common__pb2
_X = b"\n\x0fimport common\""
