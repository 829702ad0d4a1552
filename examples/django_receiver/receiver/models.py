"""What the receiver remembers."""

from __future__ import annotations

from django.db import models


class SeenEvent(models.Model):
    """An event that was handled; Molam may send it again."""

    event_id = models.CharField(max_length=255, primary_key=True)


class PaidOrder(models.Model):
    """A payment that succeeded, to be shipped."""

    payment = models.CharField(max_length=255, primary_key=True)
    order = models.CharField(max_length=255)
    amount = models.BigIntegerField(help_text="Minor units of the currency.")
    currency = models.CharField(max_length=3)
