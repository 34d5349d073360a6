"""Pure rules of remedies and early warnings: no I/O, no clock, no wire."""
