import "./b"; import "./c"; import "./d"; import "./e.js"; import "./f.jsx"; import "./g.mjs"; import "./h"
