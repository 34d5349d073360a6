"""Where actions meets MongoDB and the wire."""
