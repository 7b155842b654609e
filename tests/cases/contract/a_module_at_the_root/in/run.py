from src.a import a
