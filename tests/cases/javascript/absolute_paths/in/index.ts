import "/src/a.ts"; import "/logo.svg"; import "/gone"
