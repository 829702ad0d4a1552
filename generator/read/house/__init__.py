"""The rules of our own documents, each a function that yields complaints; nothing that changes a document."""
