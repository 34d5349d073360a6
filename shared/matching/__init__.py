"""Whether two reports tell of one event, and which words a text speaks of; pure, over facts and redacted text."""
