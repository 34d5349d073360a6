"""Worked examples for BI tools: each is run in the tests against real files and the real broker."""
