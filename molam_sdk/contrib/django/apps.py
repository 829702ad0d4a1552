# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""The Django app; INSTALLED_APPS names molam_sdk.contrib.django."""

from __future__ import annotations

from molam_overlays.contrib.django.apps import StoresApp
from molam_sdk._product import PRODUCT


class App(StoresApp):
    """Tables through manage.py migrate, system checks, admin pages, a worker."""

    default = True
    product = PRODUCT
