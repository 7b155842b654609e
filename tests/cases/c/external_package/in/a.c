#include <openssl/ssl.h>
#include <zlib.h>
#include <boost/asio/ip/tcp.hpp>
