"""Settings of the project: what a receiver of webhooks needs, and no more."""

from __future__ import annotations

import os
from pathlib import Path

SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "only-for-this-example")
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "receiver.urls"
INSTALLED_APPS = ["receiver"]
# CSRF protection stays on for everything else; the receiver is exempt, its signature takes the place.
MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("RECEIVER_DATABASE", Path(__file__).parents[1] / "receiver.db"),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
