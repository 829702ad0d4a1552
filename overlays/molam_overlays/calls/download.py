"""Downloads that do not pass through memory: a binary answer written where the caller says.

Any method whose answer is binary takes ``into=``, a file open for writing. The body goes there piece
by piece, decompressed and without the limit for bodies held in memory; the method then returns empty
bytes. A retry starts over where the file stood when the call began.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molam_overlays.calls.operation import Operation
from molam_overlays.calls.words import called
from molam_overlays.errors import DownloadError, ValidationError


class Download:
    """One call's file; a `molam_overlays.wire.Sink`."""

    def __init__(self, file: Any, operation: Operation[Any]) -> None:
        if not callable(getattr(file, "write", None)):
            raise ValidationError({"into": "must be a file open for writing in binary mode"})
        if not any(result.kind == "bytes" for result in operation.results):
            raise ValidationError(
                {"into": f"has no meaning for {called(operation.id)}(): it returns no file"}
            )
        self._file = file
        self._operation = operation
        self._begun = False
        seekable = getattr(file, "seekable", None)
        self._start: int | None = file.tell() if callable(seekable) and seekable() else None

    def begin(self, status: int, headers: Mapping[str, str]) -> bool:
        """Tell whether the body of this answer is to be written, from the beginning."""
        result = self._operation.result(status, headers.get("content-type") or "")
        if result is None or result.kind != "bytes":
            return False
        if self._begun:
            if self._start is None:
                raise DownloadError(
                    "The connection broke in the middle of the download, and the file given as "
                    "into= cannot be rewound for another attempt. Give one that can, or call again."
                )
            self._file.seek(self._start)
            self._file.truncate()
        self._begun = True
        return True

    def write(self, part: bytes) -> None:
        """Write the next bytes."""
        try:
            self._file.write(part)
        except (OSError, ValueError, TypeError) as error:
            raise DownloadError(
                f"What came could not be written to the file given as into= "
                f"({type(error).__name__}). Nothing is wrong with the call itself."
            ) from error

    def finish(self, result: Any) -> Any:
        """Return what the method returns; write what an adapter kept in memory."""
        if isinstance(result, bytes) and not self._begun:
            self.write(result)
            return b""
        return result
