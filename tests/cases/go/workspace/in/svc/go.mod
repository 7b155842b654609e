module example.com/svc
require example.com/api v0.0.0
