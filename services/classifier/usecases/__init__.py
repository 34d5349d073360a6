"""The classifier's verbs; the hot path is a pure function and lies in routes and domain."""
