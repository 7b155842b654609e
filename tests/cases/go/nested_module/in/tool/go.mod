module example.com/shop/tool
