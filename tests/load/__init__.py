"""A load as homes make it: `python -m tests.load`; the plan is pure and seeded, the sender keeps to its clock."""
