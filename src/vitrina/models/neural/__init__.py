"""Neural networks over the log."""
