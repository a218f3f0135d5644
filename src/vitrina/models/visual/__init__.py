"""Models that look at the pictures."""
