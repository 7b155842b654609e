require("./b"); require("./c.js"); require("./d")
