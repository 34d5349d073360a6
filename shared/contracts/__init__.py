"""The wire: events, one module per producer, the topic registry, examples and frozen schemas."""
