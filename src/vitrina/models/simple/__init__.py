"""Models that do not personalise."""
