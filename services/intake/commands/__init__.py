"""What `python -m services.intake` can do, by subject."""
