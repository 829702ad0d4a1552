"""Sending what the outbox has ready: a thread that waits, and a few that post."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from molam_overlays.errors import MolamError
from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.outbox import ANSWER_SECONDS, Delivery

Post = Callable[[str, Mapping[str, str], bytes], int]
"""Posts a body to a URL and returns the status; raises a `MolamError` when no answer came."""


class HttpPost:
    """Post over HTTP, to whatever URL a subscription names. Redirects are not followed."""

    def __init__(self) -> None:
        from molam_overlays.transport.httpx_sync import HttpxAdapter

        # Receivers are on this machine or near it: proxies of the environment do not apply.
        self._adapter = HttpxAdapter(trust_env=False, max_response_bytes=64 * 1024)

    def __call__(self, url: str, headers: Mapping[str, str], content: bytes) -> int:
        from molam_overlays.wire import Request

        request = Request("POST", url, headers, content, None, ANSWER_SECONDS)
        return self._adapter.exchange(request).status

    def close(self) -> None:
        """Close the connections."""
        self._adapter.close()


def send(core: Core, post: Post, delivery: Delivery) -> None:
    """Post one delivery and report how it went."""
    began = time.monotonic()
    status: int | None = None
    problem: str | None = None
    try:
        status = post(delivery.url, delivery.headers, delivery.content)
    except MolamError as error:
        problem = str(error)
    except Exception as error:  # noqa: BLE001 - a receiver in the same process may raise anything
        problem = f"the receiver raised {type(error).__name__}: {error}"
    core.outbox.report(delivery, status, problem, int((time.monotonic() - began) * 1000))


class Dispatcher:
    """Runs timers and deliveries in the background, when they are due."""

    def __init__(self, core: Core, post: Post) -> None:
        self._core = core
        self._post = post
        self._wake = threading.Event()
        self._ended = False
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="molam-webhook")
        self._thread = threading.Thread(target=self._run, name="molam-sandbox", daemon=True)

    def start(self) -> None:
        """Begin; from now on a request wakes the dispatcher."""
        self._core.woken = self._wake.set
        self._thread.start()

    def stop(self) -> None:
        """End, after the deliveries that are under way."""
        self._ended = True
        self._core.woken = lambda: None
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self) -> None:
        while not self._ended:
            self._wake.clear()
            self._core.tick()
            with self._lock:
                for delivery in self._core.outbox.take(frozenset(self._busy)):
                    self._busy.add(delivery.subscription_id)
                    self._pool.submit(self._deliver, delivery)
            self._wake.wait(self._patience())

    def _deliver(self, delivery: Delivery) -> None:
        try:
            send(self._core, self._post, delivery)
        finally:
            with self._lock:
                self._busy.discard(delivery.subscription_id)
            self._wake.set()

    def _patience(self) -> float | None:
        """Return how long to wait, in seconds; None until woken."""
        due = self._core.next_due_ms()
        if due is None:
            return None
        left = (due - self._core.clock.now_ms()) / 1000
        if left <= 0:
            # Due, but its subscription is busy: the end of that delivery wakes us.
            return 1.0
        return None if self._core.clock.frozen else min(left, 3600.0)
