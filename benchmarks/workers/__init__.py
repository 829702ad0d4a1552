"""Programs that do the measured work, each in a process and an environment of its own."""
