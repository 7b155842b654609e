import "./a.css"; import url from "./b.svg?url"; import raw from "style!css?a=b!./a.css"; import "raw!lodash"
