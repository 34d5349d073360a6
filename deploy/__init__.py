"""How the system is run: one machine without containers, compose, the front door, invented data."""
