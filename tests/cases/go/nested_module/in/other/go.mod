module elsewhere.example/other
