"""All that is wrong with one document, taken down instead of stopped at."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

import attrs

from generator.read.position import DocumentError, Position


@attrs.frozen
class Accepted:
    """One mistake that is lived with."""

    rule: str
    address: str
    """File and JSON pointer, as `DocumentError.address` has it."""
    reason: str
    position: Position
    """Where the file of accepted mistakes says so."""


class MistakesError(DocumentError):
    """Several things are wrong. The message is the worst; the command prints all."""

    def __init__(self, errors: Sequence[DocumentError]) -> None:
        self.errors = tuple(errors)
        """The worst first."""
        worst = errors[0]
        super().__init__(worst.what, worst.position, worst.advice, worst.rule.name, worst.address)


class Findings:
    """Takes down what is wrong; whoever finds it goes on as the rule says."""

    def __init__(self) -> None:
        self.accepted: dict[tuple[str, str], Accepted] = {}
        """By rule and address."""
        self._found: dict[tuple[str, str, str], DocumentError] = {}

    def add(self, error: DocumentError) -> None:
        """Take down one mistake, once."""
        if isinstance(error, MistakesError):
            for one in error.errors:
                self.add(one)
            return
        self._found.setdefault((error.rule.name, error.address or str(error), error.what), error)

    @contextmanager
    def collect(self) -> Generator[None]:
        """Take down the mistake that stops what is done here."""
        try:
            yield
        except DocumentError as error:
            self.add(error)

    def is_accepted(self, error: DocumentError) -> bool:
        """Tell whether a mistake is lived with."""
        return error.rule.acceptable and (error.rule.name, error.address) in self.accepted

    def _sorted(self, errors: Sequence[DocumentError]) -> list[DocumentError]:
        return sorted(errors, key=lambda error: error.rank)

    @property
    def mistakes(self) -> list[DocumentError]:
        """What nobody lives with, the worst first."""
        return self._sorted(
            [e for e in self._found.values() if not (e.rule.warns or self.is_accepted(e))]
        )

    @property
    def lived_with(self) -> list[DocumentError]:
        """What the file of accepted mistakes names."""
        return self._sorted([e for e in self._found.values() if self.is_accepted(e)])

    @property
    def warnings(self) -> list[DocumentError]:
        """What changes nothing for users."""
        return self._sorted([e for e in self._found.values() if e.rule.warns])

    def outlived(self) -> list[Accepted]:
        """Return what was accepted and is no mistake any more, once all has been looked at."""
        used = {(error.rule.name, error.address) for error in self._found.values()}
        return [entry for key, entry in self.accepted.items() if key not in used]

    def settle(self) -> None:
        """Stop where something is wrong that nobody lives with.

        Raises:
            MistakesError: all of it.
        """
        if found := self.mistakes:
            raise MistakesError(found)

    def finish(self) -> None:
        """Stop likewise, at the end of all stages, when what was accepted must have been met.

        Raises:
            MistakesError: all that is wrong, what was accepted in vain included.
        """
        for entry in self.outlived():
            self.add(
                DocumentError(
                    f"The accepted mistake {entry.rule} at {entry.address} is none any more",
                    entry.position,
                    "Remove it; `python -m generator accept` does so",
                    "accepted-no-longer",
                    f"{entry.rule} {entry.address}",
                )
            )
        self.settle()
