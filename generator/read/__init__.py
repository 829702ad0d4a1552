"""Files to one document, with the place of everything. Never what a schema means in Python."""
