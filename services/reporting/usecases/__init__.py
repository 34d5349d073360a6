"""The verbs of reporting, free of framework and driver."""
