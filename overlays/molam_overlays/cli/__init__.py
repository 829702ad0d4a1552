"""The command ``molam``. Needs the extra `cli`; `entry.run` says so without it."""
