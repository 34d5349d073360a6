"""Intake's technology: MongoDB, crypto, randomness, files, the HTTP client of the commands."""
