"""A document in one dialect, nothing nested that deserves a name. Never a Python name or a module."""
