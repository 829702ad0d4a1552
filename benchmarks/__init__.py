"""Measurements of the SDK, each a ratio to its anchor taken in the same run."""
