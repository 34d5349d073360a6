"""What a report says, decided by rules over the taxonomy; pure."""
