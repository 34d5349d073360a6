"""A history as a file: read, gone through by reported date with the same engine as live, and printed; no I/O here."""
