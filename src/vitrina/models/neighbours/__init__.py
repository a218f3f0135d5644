"""Models that score by similar items."""
