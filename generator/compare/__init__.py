"""Two documents, and what the step from one to the other means for users. Never how either is emitted."""
