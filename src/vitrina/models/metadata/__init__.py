"""Models of what is known of items in words and numbers: attributes, artists, prices."""
