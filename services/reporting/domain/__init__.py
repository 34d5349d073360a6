"""Pure rules of reporting: what a report counts as, where, and what a page says of it."""
