"""MongoDB, the only place in reporting that names its driver."""
