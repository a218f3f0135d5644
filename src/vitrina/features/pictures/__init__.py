"""Pictures: loading, measured features, networks."""
