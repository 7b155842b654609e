import "../..//d"; import ".//e"
