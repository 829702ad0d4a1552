"""Webhooks as they come in: signature, event, handler, answer. Never a framework: those are in `contrib`."""
