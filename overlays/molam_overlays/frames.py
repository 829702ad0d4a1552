"""What an error takes along: the frames it passed, emptied of what they held.

Error trackers store the local variables of every frame of a traceback. Whatever leaves one of our
public functions, be it an error of ours, of somebody's adapter or Ctrl-C, has passed frames that
held a key, a secret or a body. `sealed` takes those away before anybody can look:

- a function of ours is emptied. It keeps its place and line in the traceback;
- a coroutine or generator of ours below the client's is left out, and so is what belongs to a
  library that carries our headers, bodies and passwords. Such a frame may be suspended when one
  exception is raised in several tasks, and to empty it would end that task;
- a frame of the standard library goes the way of whoever called it;
- everybody else's frames stay as they are.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import sys
from collections.abc import Iterator
from types import FrameType, FunctionType, TracebackType
from typing import Any, Final, TypeVar, cast

T = TypeVar("T")

_CARRIERS: Final = frozenset(
    [
        "anyio",
        "asyncio",
        "h11",
        "h2",
        "hpack",
        "httpcore",
        "httpcore2",
        "httpx",
        "httpx2",
        "json",
        "psycopg",
        "psycopg2",
        "psycopg_pool",
        "pyreqwest",
        "selectors",
        "socket",
        "socksio",
        "ssl",
        "trio",
    ]
)
"""Packages whose frames hold heads and bodies on their way, or a connection string."""
_DRIVERS: Final = frozenset(
    {
        "molam_overlays.calls.awaiting",
        "molam_overlays.calls.blocking",
        "molam_overlays.calls.flow",
        "molam_overlays.drive",
        __name__,
    }
)
"""Modules whose coroutines and generators hold nothing that shows but what a caller gave them."""
# As `inspect` has them; to import it costs more than the rest of this package's modules together.
_COROUTINE: Final = 0x80
_SUSPENDS: Final = 0x20 | _COROUTINE | 0x200
"""Flags of code: generator, coroutine, asynchronous generator."""
_GROUP: Final[Any] = getattr(builtins, "BaseExceptionGroup", ())  # Python 3.11

_emitted: Final[set[str]] = set()
"""Modules outside of this package that have sealed functions."""


def sealed(target: T) -> T:
    """Empty the frames below a function when it raises; of a class, below its public methods."""
    if isinstance(target, type):
        for name, value in list(vars(target).items()):
            if isinstance(value, FunctionType) and (name[0] != "_" or name == "__init__"):
                setattr(target, name, sealed(value))
        return target
    function: Any = target
    module = function.__globals__["__name__"]
    if not _is_own(module):
        _emitted.add(module)
    suspends = function.__code__.co_flags & _COROUTINE
    return cast("T", _sealed_coroutine(function) if suspends else _sealed(function))


def _sealed(function: Any) -> Any:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            del args, kwargs
            empty(error)
            raise

    return call


def _sealed_coroutine(function: Any) -> Any:
    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return await function(*args, **kwargs)
        except BaseException as error:
            del args, kwargs
            empty(error)
            raise

    return call


def empty_for_log(error: BaseException) -> BaseException:
    """Return an error fit for a log record: emptied, and without the frame that caught it."""
    empty(error)
    found = error.__traceback__
    return BaseException.with_traceback(error, None if found is None else found.tb_next)


def empty(error: BaseException) -> None:
    """Take from an error, and from all that it is chained to, what its frames held.

    Call it in an ``except`` block, and raise the error from there. The caller's own frame stays.
    """
    for link in _chain(error):
        first = link.__traceback__
        kept = _kept(first)
        if first is not None and link is error and kept[:1] != [first]:
            kept.insert(0, first)  # a bare `raise` goes on from it
        following = None
        for entry in reversed(kept):
            if entry.tb_next is not following:
                entry.tb_next = following
            following = entry
        if following is not first:
            BaseException.with_traceback(link, following)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that its traceback would be printed with."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        link = waiting.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        if link.__suppress_context__ and _raised_by_us(link):
            # `from` something, or from None: what it came of quotes too much.
            link.__context__ = None
        yield link
        waiting += [link.__cause__, link.__context__]
        if isinstance(link, _GROUP):
            waiting += cast("Any", link).exceptions


def _kept(traceback: TracebackType | None) -> list[TracebackType]:
    """Return the entries of a traceback that stay; those that are ours are emptied."""
    kept: list[TracebackType] = []
    hidden = False
    """Whether the last frame that is not the standard library's was ours or a carrier's."""
    for entry in _entries(traceback):
        module = _module_of(entry.tb_frame)
        package = module.partition(".")[0]
        if _is_own(module):
            hidden = True
            if _emptied(entry.tb_frame, module):
                kept.append(entry)
        elif package in _CARRIERS or (package in sys.stdlib_module_names and hidden):
            hidden = True
        else:
            hidden = False
            kept.append(entry)
    return kept


def _emptied(frame: FrameType, module: str) -> bool:
    """Empty a frame of ours; False if it has to be left out instead."""
    if frame.f_code.co_flags & _SUSPENDS:
        return module in _DRIVERS
    with contextlib.suppress(RuntimeError):  # it still runs: it is the caller's, or one above
        frame.clear()
    return True


def _entries(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _raised_by_us(error: BaseException) -> bool:
    module = ""
    for entry in _entries(error.__traceback__):
        module = _module_of(entry.tb_frame)
    return _is_own(module)


def _module_of(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _is_own(module: str) -> bool:
    return module.startswith("molam_overlays.") or module in _emitted
