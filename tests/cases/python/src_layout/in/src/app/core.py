import app.db
from app import db
import src.app.db
