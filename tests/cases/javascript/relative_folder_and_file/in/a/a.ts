import "./b"; import "./b/"; import "."; import ".."; import "../"
