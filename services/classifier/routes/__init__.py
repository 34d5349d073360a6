"""The classifier's edges: records in and out, people's corrections, the comparison with a model in shadow."""
