"""Exact statistics for small counts; pure."""
