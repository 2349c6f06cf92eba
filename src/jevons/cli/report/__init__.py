"""Papers to hand in: report, each source and each form in a file of its own."""
