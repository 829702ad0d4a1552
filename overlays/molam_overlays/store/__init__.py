"""Idempotency store, call journal and webhook inbox, on SQLite and PostgreSQL.

Never HTTP, and never a decision about a call. Every decision is a generator that yields SQL statements and receives their rows; it knows no
driver. `blocking` and `awaiting` are the two places that carry statements to a database. So the
blocking and the async stores, and the two databases, cannot come to differ in what they decide.
"""
