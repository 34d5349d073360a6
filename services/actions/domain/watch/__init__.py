"""Detection live: a provider's day is rebuilt from facts and from what was said before, and goes through the engine."""
