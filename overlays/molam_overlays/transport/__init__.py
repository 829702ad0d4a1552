"""Adapters: the only place that knows an HTTP library."""
