"""How the shipped model is made and measured; nothing of it runs in the service."""
