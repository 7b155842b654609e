import legacy.store
