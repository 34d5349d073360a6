"""Early warnings and verdicts as one pure engine: the same for live reviews and for history; no I/O, no clock."""
