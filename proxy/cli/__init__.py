"""The commands. `main.py` holds their table; each module here is one of them."""
