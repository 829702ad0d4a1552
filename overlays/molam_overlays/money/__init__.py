"""Amounts and currencies, so that nothing is off by a hundred. Never a request."""
