"""The edge of reporting: records in, HTTP and pages out; wire to domain and back, nothing else."""
