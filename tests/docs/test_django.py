"""The page about Django: its app receives an event and handles it with the ORM, in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/frameworks/django.md"
SETTINGS = """
import sys
import time

from django.conf import settings

settings.configure(
    ROOT_URLCONF="shop.events",
    ALLOWED_HOSTS=["testserver"],
    INSTALLED_APPS=["shop", "molam_sdk.contrib.django"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.db"}},
)
import django

django.setup()
from django.core.management import call_command
from django.test import Client

from molam_sdk.utils.webhook import generate_signature

call_command("migrate", run_syncdb=True, verbosity=0)
from shop.events import Order, handle, inbox

Order.objects.create(payment="pi_1")
body = (
    b'{"id":"evt_1","type":"payment_intent.succeeded","created":1737028800,"livemode":false,'
    b'"data":{"id":"pi_1","status":"succeeded","amount":2500,"currency":"USD"}}'
)
headers = {"Molam-Signature": generate_signature(body, "whsec_django")}
for _ in range(2):
    answer = Client().post("/webhooks", body, content_type="application/json", headers=headers)
assert answer.status_code == 200, answer.content
assert inbox.process(handle)
assert not inbox.process(handle)
print(inbox.counts(), Order.objects.get().paid)
"""


def test_the_app_of_the_page_handles_an_event_once(tmp_path: Path) -> None:
    programs = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/__init__.py").touch()
    (tmp_path / "shop/models.py").write_text("from shop.events import Order\n", "utf-8")
    (tmp_path / "shop/events.py").write_text(programs[1], "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", SETTINGS],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "MOLAM_API_KEY": "sk_test_django",
            "MOLAM_WEBHOOK_SECRET": "whsec_django",
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "overlays", tmp_path))),
        },
    )
    assert done.stdout == "{'processed': 1} True\n", done.stderr
