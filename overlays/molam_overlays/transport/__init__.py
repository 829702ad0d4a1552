"""Adapters: the only place that knows an HTTP library. Never a retry: each sends one attempt."""
