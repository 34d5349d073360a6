"""Takes personal data out of free text; pure, no I/O but the loading of its name lists."""
