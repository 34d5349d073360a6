"""The plumbing that all four services share: engines, delivery, identity, HTTP, metrics, logs."""
