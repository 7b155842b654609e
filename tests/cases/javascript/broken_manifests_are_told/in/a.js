import "./b"
