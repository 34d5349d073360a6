"""The engines and the demo on one machine, with no more than Python: see __main__ for the commands."""
