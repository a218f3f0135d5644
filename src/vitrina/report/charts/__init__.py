"""The charts of the report: each module draws one question as still SVG with its message and a text alternative."""
