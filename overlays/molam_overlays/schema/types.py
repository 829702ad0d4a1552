"""The types of the document at run time: decode what came, check and encode what goes.

Reading never raises. Money may have moved when a response arrives, so a value of an unexpected
type is handed over as it came. Writing is strict: `encode` checks every constraint of the
document, notes each problem under its path, and returns plain JSON data.
"""

from __future__ import annotations

from typing import Any, Final

from molam_overlays.schema.digits import Origin

Problems = dict[str, str]
"""Field path to what is wrong with it."""

_MISSING: Final = object()


class Unset:
    """The type of `UNSET`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "UNSET"


UNSET: Final = Unset()
"""An argument that was left out, where None would mean ``null``."""


def joined(at: str, name: str) -> str:
    """Return the path of a part, such as ``beneficiary.iban``."""
    return f"{at}.{name}" if at else name


class Received(Problems):
    """The problems of what came from the API, or is handed back: it may hold what is read-only."""


class Newer(Received):
    """The problems of what may be newer than this SDK.

    Neither a missing property nor an enum value that the document does not know is one.
    """


class Type:
    """One type of the document. Immutable and shared."""

    plain: bool = True
    """True when `decode` returns its argument."""

    def leaves(self, origin: Origin) -> bool:
        """Tell whether `decode` returns its argument, whatever that is, for what came from there."""
        return self.plain

    def decode(self, wire: Any, origin: Origin) -> Any:
        """Return the Python value for a wire value; the wire value itself when it does not fit."""
        return wire

    def decode_all(self, wires: list[Any], origin: Origin) -> list[Any]:
        """Return the Python values for many wire values."""
        decode = self.decode
        return [decode(wire, origin) for wire in wires]

    def encode(self, value: Any, at: str, problems: Problems) -> Any:
        """Return plain JSON data for a value, or note under `at` why there is none."""
        raise NotImplementedError

    def accepts(self, wire: Any) -> bool:
        """Tell whether a wire value keeps all the rules of this type."""
        problems = Received()
        self.encode(wire, "", problems)
        return not problems

    def resembles(self, wire: Any) -> bool:
        """Tell whether a wire value has the JSON kind of this type, whatever is in it."""
        return True

    def json_schema(self) -> dict[str, Any]:
        """Return what JSON Schema says of this type."""
        return {}

    def fit(self, wire: Any) -> float:
        """Tell how well a wire value fits, from 0 (not at all) to 1; to choose in a union."""
        return 1.0 if self.accepts(wire) else 0.0


def type_of(declared: Any) -> Type:
    """Return the `Type` for a type, a model class or a page class."""
    if isinstance(declared, Type):
        return declared
    as_type = getattr(declared, "__wire_type__", None)
    if as_type is None:
        raise TypeError(f"expected a type of the document or a model class, not {declared!r}")
    wire_type: Type = as_type()
    return wire_type


def keywords(**given: Any) -> dict[str, Any]:
    """Return keywords of JSON Schema, without those that are not given."""
    return {name: value for name, value in given.items() if value is not None}
