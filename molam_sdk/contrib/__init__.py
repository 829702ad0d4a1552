# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Ties to web frameworks and to OpenTelemetry, each in a module of its own."""
