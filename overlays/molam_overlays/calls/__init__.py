"""One call from its arguments to its result: flow, retries, pages, the two drivers, recovery. Never a socket."""
