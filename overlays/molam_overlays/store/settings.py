"""How long to wait for a database."""

from __future__ import annotations

import logging

from molam_overlays.home import home

LOGGER = logging.getLogger(home().package)

BUSY_SECONDS = 30.0
"""How long a writer waits for the other writers of a SQLite file."""

CONNECT_SECONDS = 10
"""How long to wait for PostgreSQL to take a connection, unless the URL says."""
