-- SPDX-License-Identifier: Apache-2.0
-- wrk places orders: the card of every tenth is declined.
local number = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
request = function()
   number = number + 1
   local card = number % 10 == 0 and "4000000000000002" or "4242"
   return wrk.format(nil, "/orders", nil,
      '{"customer":"Ada","sku":"tea","quantity":1,"card":"' .. card .. '"}')
end
