"""A value that one thread makes and the others wait for."""

from __future__ import annotations

import threading

import pytest

from molam_overlays.transport.once import Once


def test_a_failure_leaves_it_to_the_next() -> None:
    made: list[int] = []

    def make() -> str:
        made.append(1)
        if len(made) == 1:
            raise ZeroDivisionError
        return "made"

    once = Once(make)
    with pytest.raises(ZeroDivisionError):
        once.get(1)
    assert [once.get(1), once.get(0)] == ["made", "made"]
    assert len(made) == 2


def test_many_threads_make_it_once_and_none_waits_beyond_its_patience() -> None:
    made: list[int] = []
    go = threading.Event()

    def make() -> str:
        made.append(1)
        go.wait(10)
        return "made"

    once = Once(make)
    got: list[str | None] = []
    threads = [threading.Thread(target=lambda: got.append(once.get(10))) for _ in range(8)]
    for thread in threads:
        thread.start()
    while not made:
        pass
    assert once.get(0) is None
    go.set()
    for thread in threads:
        thread.join()
    assert got == ["made"] * 8
    assert made == [1]


def test_a_child_of_a_fork_waits_for_no_thread_of_its_parent() -> None:
    once = Once(lambda: "made")
    go = threading.Event()
    other = Once(lambda: go.wait(10) and "other")
    thread = threading.Thread(target=lambda: other.get(10))
    thread.start()
    while not other._claims:
        pass
    once._claims = other._claims  # as the child finds it
    assert once.get(0) is None
    once.forget_inherited()
    assert once.get(0) == "made"
    go.set()
    thread.join()
