import orders.api
