"""Bridges to other people's libraries, never what holds without them.

Each imports its library, so import only what you use.
"""
