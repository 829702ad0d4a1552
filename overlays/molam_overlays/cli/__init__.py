"""The command ``molam``. Never a decision of its own: it asks the rooms below, and says what they say.

Needs the extra `cli`; `entry.run` says so without it.
"""
