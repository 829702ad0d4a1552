"""Templates, formatter, account, manifest, drift, disk: what was decided, written down. Never a decision."""
