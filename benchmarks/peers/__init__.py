"""One module a library: ``DISTRIBUTION`` names it, ``task(job)`` says how it does a job, ``NotThereYet`` where it cannot."""
