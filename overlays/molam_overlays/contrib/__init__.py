"""Bridges to other people's libraries. Each imports its library, so import only what you use."""
