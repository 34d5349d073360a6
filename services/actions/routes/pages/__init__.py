"""The pages of actions: where people decide, carry out and write down."""
