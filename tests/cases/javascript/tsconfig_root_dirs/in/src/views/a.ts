import "./template"
