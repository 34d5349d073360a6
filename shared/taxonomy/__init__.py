"""The versioned vocabulary of the field, its pure rules, and the loader of its data files."""
