"""The invented provider group that the project ships, and what loads it."""
