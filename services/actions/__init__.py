"""actions: notices what is rising, proposes remedies, and keeps what became of them."""
