"""Untrusted text made safe: literals, docstrings, Markdown. Never what the text is about."""
