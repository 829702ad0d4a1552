"""Proof by execution: emit a document's package, call all of it, compare with the document.

What is expected comes from the raw document and JSON Schema alone. Nothing of the generator is
used but its command: a mistake that the generator makes twice would otherwise prove itself right.
"""
