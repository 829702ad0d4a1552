# Generated from shop.yaml by python -m generator. Do not edit.

"""One module a tag of the document, one function an operation."""
