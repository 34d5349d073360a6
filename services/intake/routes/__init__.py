"""Intake's edges: HTTP and the fold; wire to domain and back."""
