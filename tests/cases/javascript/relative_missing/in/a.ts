import "./gone"; import "../above"; import "./a/../../b"; import ""
