from legacy.store import load
