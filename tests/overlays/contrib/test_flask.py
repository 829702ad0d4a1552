"""The Flask receiver, in a real Flask application."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable

import flask
import pytest

from molam_overlays.contrib.flask import webhook_endpoint, webhook_view

from .deliveries import ALIKE, GOOD, LARGE, Handlers, construct_event, signed


def application(handlers: Handlers) -> flask.Flask:
    app = flask.Flask(__name__)
    app.post("/webhooks")(webhook_endpoint(construct_event, handlers.events))
    return app


@pytest.mark.parametrize(("body", "headers", "status", "text"), ALIKE)
def test_flask_answers(
    body: bytes, headers: Callable[[bytes], dict[str, str]], status: int, text: str
) -> None:
    handlers = Handlers()
    response = (
        application(handlers).test_client().post("/webhooks", data=body, headers=headers(body))
    )
    assert (response.status_code, response.text) == (status, text)
    assert [event["note"] for event in handlers.seen] == (
        ["é"] if status == 200 and body == GOOD else []
    )


def test_flask_takes_post_only() -> None:
    assert application(Handlers()).test_client().get("/webhooks").status_code == 405


def test_a_body_that_the_application_has_read_already_still_verifies() -> None:
    handlers = Handlers()
    app = application(handlers)
    app.before_request(lambda: flask.request.get_json() and None)
    response = app.test_client().post("/webhooks", data=GOOD, headers=signed(GOOD))
    assert response.status_code == 200
    assert len(handlers.seen) == 1


def chunked(body: bytes) -> dict[str, object]:
    return {
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "HTTP_TRANSFER_ENCODING": "chunked",
        "CONTENT_LENGTH": None,
    }


def test_a_body_of_unannounced_length_is_read_up_to_the_limit() -> None:
    handlers = Handlers()
    client = application(handlers).test_client()
    response = client.post("/webhooks", headers=signed(GOOD), environ_overrides=chunked(GOOD))
    assert (response.status_code, len(handlers.seen)) == (200, 1)
    response = client.post("/webhooks", headers=signed(LARGE), environ_overrides=chunked(LARGE))
    assert (response.status_code, response.text) == (413, "body too large")


def test_the_applications_own_smaller_limit_holds() -> None:
    app = application(Handlers())
    app.config["MAX_CONTENT_LENGTH"] = 10
    response = app.test_client().post("/webhooks", data=GOOD, headers=signed(GOOD))
    assert response.status_code == 413


def test_two_receivers_live_in_one_application_under_names_of_their_own() -> None:
    first, second = Handlers(), Handlers()
    app = flask.Flask(__name__)
    for name, handlers in (("a", first), ("b", second)):
        view = webhook_endpoint(construct_event, handlers.events)
        app.add_url_rule(f"/{name}", endpoint=name, view_func=view, methods=["POST"])
    app.test_client().post("/b", data=GOOD, headers=signed(GOOD))
    assert (len(first.seen), len(second.seen)) == (0, 1)


@pytest.mark.parametrize(
    ("module", "library"),
    [
        ("flask", "pip install flask"),
        ("django", "pip install django"),
        ("asgi", "pip install starlette"),
    ],
)
def test_without_the_framework_one_line_says_what_to_install(module: str, library: str) -> None:
    blocked = "sys.modules.update(dict.fromkeys(['flask', 'asgiref', 'starlette']))"
    script = f"import sys; {blocked}; import molam_overlays.contrib.{module}"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert library in done.stderr.splitlines()[-1]


def test_one_application_may_have_several() -> None:
    first, second = Handlers(), Handlers()
    app = application(first)
    app.post("/others")(webhook_endpoint(construct_event, second.events))
    for path, handlers in (("/webhooks", first), ("/others", second)):
        assert app.test_client().post(path, data=GOOD, headers=signed(GOOD)).status_code == 200
        assert len(handlers.seen) == 1


def test_the_old_name_warns_and_works() -> None:
    handlers = Handlers()
    with pytest.warns(DeprecationWarning, match="webhook_endpoint"):
        view = webhook_view(construct_event, handlers.events)
    app = flask.Flask(__name__)
    app.post("/webhooks")(view)
    assert app.test_client().post("/webhooks", data=GOOD, headers=signed(GOOD)).status_code == 200
