package cart

import _ "x.org/shop/internal/store"
