"""Errors, ids, time and the principal: standard library only."""
