"""What a call tells about itself: log lines, hooks, and what hooks are told. Never a decision about the call."""
