"""What must not wait for statistics: cards, messages, people told, assets out of use, repeats without action."""
