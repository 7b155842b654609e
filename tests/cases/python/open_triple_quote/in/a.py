import b
"""
import no
