import "./b"; import "x"
