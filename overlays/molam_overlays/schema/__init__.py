"""The document's types at run time: what is read, checked, written. Never a request, a client, or a database."""
