"""Every decision, down to the text of a docstring. Never a template, a file, or a second look at the raw document."""
