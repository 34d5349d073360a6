"""Intake: registry, keys, reports, exposure; the vault and the 202 promise."""
