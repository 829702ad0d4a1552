"""Django's migrations: one for each script in ``migrations/``, by its name."""
