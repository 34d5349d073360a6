"""Intake's rules as pure functions and frozen values."""
