module ashlar.example/oracle

go 1.21
