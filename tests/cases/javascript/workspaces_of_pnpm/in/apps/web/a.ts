import "ui"; import "react/jsx-runtime"; import "vue"
