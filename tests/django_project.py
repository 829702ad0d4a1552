"""A Django project for tests: one process has one set of settings, so all tests share these."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import django
from django.conf import settings
from django.db import connections


class Urls:
    """A URL configuration that a test can fill."""

    urlpatterns: ClassVar[list[Any]] = []


INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "molam_sdk.contrib.django",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def configure() -> None:
    """Set Django up, once a process."""
    if settings.configured:
        return
    settings.configure(
        SECRET_KEY="tests",
        ALLOWED_HOSTS=["testserver"],
        ROOT_URLCONF=Urls,
        MIDDLEWARE=MIDDLEWARE,
        TEMPLATES=TEMPLATES,
        INSTALLED_APPS=INSTALLED_APPS,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        USE_TZ=True,
    )
    django.setup()


def entry(url: str) -> dict[str, Any]:
    """Return the entry of DATABASES for a store's URL."""
    if url.startswith("sqlite:///"):
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url.removeprefix("sqlite:///")}
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path[1:],
        "USER": "postgres",
        "HOST": parse_qs(parts.query)["host"][0],
    }


@contextmanager
def database(url: str, **options: Any) -> Iterator[None]:
    """Let ``default`` be this database meanwhile; the connections of other threads are theirs to close."""
    configure()
    before = connections.settings["default"]
    connections["default"].close()
    del connections["default"]
    made = connections.configure_settings({"default": {**entry(url), **options}})
    connections.settings["default"] = made["default"]
    try:
        yield
    finally:
        connections["default"].close()
        del connections["default"]
        connections.settings["default"] = before
