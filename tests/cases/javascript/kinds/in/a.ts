import type {A} from "./b"
import {type B} from "./b"
export type * from "./b"
let c: import("./b").C
await import("./b")
require("./b")
import d = require("./b")
