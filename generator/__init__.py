"""Turn an OpenAPI document into a Python package. Part of the repository, never shipped."""
