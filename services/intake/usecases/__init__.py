"""What intake does, as verbs over ports; no framework, no driver."""
