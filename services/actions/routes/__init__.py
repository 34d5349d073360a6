"""The edge of actions: records, HTTP and the timer; translation and nothing else."""
