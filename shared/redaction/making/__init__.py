"""Makes the data files of the redactor from their sources; run by hand, never by a service, and free to open files."""
