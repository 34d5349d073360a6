"""The only place of the classifier that names a driver or the wire."""
