"""Tags the risk domains of each report, and takes people's corrections."""
