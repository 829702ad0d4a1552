"""What people see of the sandbox: pages of lists and objects, forms, and the hosted checkout; no rules of the API.

Templates are plain functions over `markup`, which escapes every text. Everything is a link or a
form; the one small script only looks for news. Merchants' texts are untrusted, and the content
security policy allows nothing inline.
"""
