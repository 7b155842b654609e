import "a/x.js"; import "@s/b/y"; import type {} from "c"; import type {} from "@s/d"; import "e"; import "f"; import "g"; import "@s/g/h"
