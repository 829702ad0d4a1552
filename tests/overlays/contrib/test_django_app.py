"""The Django app in a real Django: migrations, checks, admin pages and the worker, on both databases."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client, override_settings

from molam_overlays.store.idempotency import IdempotencyStore
from molam_overlays.store.inbox import Delivery, Inbox
from molam_overlays.store.journal import Entry
from molam_overlays.store.migrate import migrate
from tests import django_project
from tests.postgresql import Server

ROOT = Path(__file__).parents[3]
SCRIPTS = {
    path.relative_to(ROOT / "migrations").as_posix(): path.read_text("utf-8")
    for path in (ROOT / "migrations").rglob("*.sql")
}
TABLES = {"call_journal", "molam_migrations", "received_webhooks", "server_idempotency"}
django_project.configure()


def make(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    if kind == "postgresql":
        server: Server = request.getfixturevalue("postgresql")
        return server.create()
    return f"sqlite:///{folder}/{len(list(folder.iterdir()))}.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    with django_project.database(make(request, kind, tmp_path)):
        yield


@pytest.fixture
def shop(empty: None) -> None:
    call_command("migrate", "molam", verbosity=0)


def migrate_quickly() -> None:
    """Make all tables, those of Django's own apps from their models."""
    theirs = dict.fromkeys(("admin", "auth", "contenttypes", "sessions"))
    with override_settings(MIGRATION_MODULES=theirs):
        call_command("migrate", verbosity=0, run_syncdb=True)


def shape() -> Any:
    """Return tables, columns and indexes of this database."""
    if connection.vendor == "sqlite":
        query = "SELECT type, name, sql FROM sqlite_master WHERE name <> 'django_migrations'"
    else:
        query = (
            "SELECT table_name, column_name, data_type, column_default FROM information_schema.columns "
            "WHERE table_schema = 'public' AND table_name <> 'django_migrations' UNION "
            "SELECT tablename, indexname, indexdef, '' FROM pg_indexes "
            "WHERE schemaname = 'public' AND tablename <> 'django_migrations'"
        )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return set(cursor.fetchall())


# Migrations


def test_migrate_makes_the_tables_of_molam_db_migrate(
    shop: None, kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    ours = shape()
    assert set(connection.introspection.table_names()) > TABLES
    url = make(request, kind, tmp_path)
    migrate(url, SCRIPTS)
    with django_project.database(url):
        assert shape() == ours
        call_command("migrate", "molam", verbosity=0)  # over tables that are there
        assert shape() == ours


def test_going_back_keeps_what_was_paid(shop: None) -> None:
    assert Inbox(connection).receive("evt_1", "t", b"{}")
    call_command("migrate", "molam", "zero", verbosity=0)
    assert Inbox(connection).counts() == {"pending": 1}


def test_every_script_has_its_migration_and_models_need_no_other() -> None:
    folder = ROOT / "overlays/molam_overlays/contrib/django/migrations"
    ours = {path.stem[1:] for path in folder.glob("0*.py")}
    assert ours == {path.stem for path in (ROOT / "migrations").glob("*.sql")}, (
        "each script in migrations/ needs a migration of its number, with RunScript"
    )
    call_command("makemigrations", "molam", check=True, dry_run=True, verbosity=0)


def test_sqlmigrate_shows_the_script(empty: None) -> None:
    out = StringIO()
    call_command("sqlmigrate", "molam", "0001", stdout=out)
    assert "CREATE TABLE IF NOT EXISTS received_webhooks" in out.getvalue()


def test_test_runners_without_migrations_have_the_tables(empty: None) -> None:
    with override_settings(MIGRATION_MODULES={"molam": None}):
        call_command("migrate", verbosity=0, run_syncdb=True)
    assert Inbox(connection).receive("evt_1", "t", b"{}")


def test_a_database_of_other_apps_is_left_alone(empty: None) -> None:
    class Router:
        def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
            return app_label != "molam"

    with override_settings(DATABASE_ROUTERS=[Router()]):
        call_command("migrate", "molam", verbosity=0)
        assert "received_webhooks" not in connection.introspection.table_names()
        assert run_checks(tags=["database"], databases=["default"]) == []


def test_flush_empties_the_tables(shop: None) -> None:
    Inbox(connection).receive("evt_1", "t", b"{}")
    migrate_quickly()
    call_command("flush", interactive=False, verbosity=0)
    assert Inbox(connection).counts() == {}


# Checks


def found(**options: Any) -> list[str]:
    return sorted(str(message.id) for message in run_checks(**options))


def test_missing_key_and_secret_are_said() -> None:
    assert found(tags=["molam"]) == ["molam.W001", "molam.W002"]
    with override_settings(MOLAM_API_KEY="sk_test_x", MOLAM_WEBHOOK_SECRET="whsec_x"):
        assert found(tags=["molam"]) == []
        assert found(tags=["molam"], include_deployment_checks=True) == ["molam.W005"]
    with override_settings(MOLAM_API_KEY="sk_live_x\n", MOLAM_WEBHOOK_SECRET={"1": "whsec_x"}):
        assert found(tags=["molam"]) == ["molam.E001"]


def test_atomic_requests_are_warned_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MOLAM_API_KEY", "sk_test_x")
    monkeypatch.setenv("MOLAM_WEBHOOK_SECRET", "whsec_x")
    with django_project.database(f"sqlite:///{tmp_path}/x.db", ATOMIC_REQUESTS=True):
        assert found(tags=["molam"]) == ["molam.W003"]


def test_missing_tables_are_warned_of(empty: None) -> None:
    assert found(tags=["database"], databases=["default"]) == ["molam.W004"]
    call_command("migrate", "molam", verbosity=0)
    assert found(tags=["database"], databases=["default"]) == []


# Admin pages


@pytest.fixture
def client(empty: None) -> Client:
    from django.contrib import admin
    from django.contrib.auth.models import User
    from django.urls import clear_url_caches, path

    migrate_quickly()
    django_project.Urls.urlpatterns = [path("admin/", admin.site.urls)]
    clear_url_caches()
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    return client


def act(client: Client, action: str, *numbers: int) -> str:
    answer = client.post(
        "/admin/molam/receivedevent/",
        {"action": action, "_selected_action": [str(number) for number in numbers]},
        follow=True,
    )
    assert answer.status_code == 200
    return answer.content.decode()


def test_events_are_shown_replayed_and_skipped(client: Client) -> None:
    inbox = Inbox(connection, max_tries=1)

    def fail(delivery: Delivery) -> None:
        raise RuntimeError

    for event in ("evt_parked", "evt_done"):
        inbox.receive(event, "payout.failed", b'{"note":"<b>"}', resource="po_1")
        inbox.process(fail if event == "evt_parked" else lambda _: None)
    page = client.get("/admin/molam/receivedevent/?state=parked").content.decode()
    assert "evt_parked" in page
    assert "evt_done" not in page
    page = client.get("/admin/molam/receivedevent/1/change/").content.decode()
    assert "{&quot;note&quot;:&quot;&lt;b&gt;&quot;}" in page
    assert 'name="_save"' not in page
    assert client.post("/admin/molam/receivedevent/1/change/", {}).status_code == 403
    assert "1 event(s) pending again." in act(client, "replay", 1)
    assert inbox.counts() == {"pending": 1, "processed": 1}
    said = act(client, "skip", 1, 2)
    assert "1 event(s) skipped." in said
    assert "neither pending nor parked" in said
    assert inbox.counts() == {"skipped": 1, "processed": 1}


def test_who_may_only_look_is_offered_no_action(client: Client) -> None:
    from django.contrib.auth.models import Permission, User

    Inbox(connection).receive("evt_1", "t", b"{}")
    clerk = User.objects.create(username="clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_receivedevent"))
    client.force_login(clerk)
    page = client.get("/admin/molam/receivedevent/").content.decode()
    assert "evt_1" in page
    assert "Replay" not in page
    assert client.get("/admin/molam/journalentry/").status_code == 403


def test_calls_are_shown_without_their_bodies(client: Client) -> None:
    journal = IdempotencyStore(connection).journal()
    journal.write_ahead(Entry(key="order-7", method="POST", path="/v1/payouts", body=b"secret"))
    page = client.get("/admin/molam/journalentry/?settled_at__isempty=1").content.decode()
    assert "order-7" in page
    page = client.get("/admin/molam/journalentry/1/change/").content.decode()
    assert "/v1/payouts" in page
    assert "secret" not in page


# The worker


def stop_after(delivery: Delivery) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO shipped VALUES (%s)", [delivery.event_id])
    finally:
        if delivery.event_id == "evt_2":
            os.kill(os.getpid(), signal.SIGTERM)


def test_the_worker_ends_with_the_event_at_hand(
    shop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "shop_events", sys.modules[__name__])
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE shipped (event varchar(50))")
    for number in (1, 2, 3):
        Inbox(connection).receive(f"evt_{number}", "t", b"{}")
    out = StringIO()
    before = signal.getsignal(signal.SIGTERM)
    call_command("molam_worker", "shop_events.stop_after", stdout=out)
    assert out.getvalue() == "2 event(s) handled.\n"
    assert signal.getsignal(signal.SIGTERM) is before
    assert Inbox(connection).counts() == {"pending": 1, "processed": 2}


def test_the_worker_refuses_what_is_no_function() -> None:
    with pytest.raises(CommandError, match="nothing"):
        call_command("molam_worker", "sys.nothing")
    with pytest.raises(CommandError, match="no function"):
        call_command("molam_worker", "sys.path")


# Alone


ALONE = """
import sys
import molam_sdk
assert "django" not in sys.modules
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["molam_sdk.contrib.django"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
import django
django.setup()
from django.core.management import call_command
from django.db import connection
call_command("migrate", verbosity=0)
call_command("check")
from molam_sdk.inbox import Inbox
print(Inbox(connection).receive("evt_1", "t", b"{}"))
"""


def test_the_app_works_alone() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "True"
