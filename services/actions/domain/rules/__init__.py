"""Rule data: dated and versioned numbers that a provider's clinical lead could argue about."""
