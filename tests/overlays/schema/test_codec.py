"""Types at run time: reading never raises, writing is strict, and both agree."""

from __future__ import annotations

import io
import json
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum as PythonEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molam_overlays.schema.anything import AnyValue
from molam_overlays.schema.containers import Array, Map, Nullable
from molam_overlays.schema.digits import NOWHERE, Origin
from molam_overlays.schema.fields import field
from molam_overlays.schema.files import Binary, File
from molam_overlays.schema.formats import Base64, Date, DateTime, DecimalText, Duration, Time, Uuid
from molam_overlays.schema.jsontext import dumps, loads, read
from molam_overlays.schema.lazy import Lazy, _pending, resolve_pending
from molam_overlays.schema.model import Model
from molam_overlays.schema.numbers import Float, Integer, Number
from molam_overlays.schema.texts import Boolean, Const, Enum, String
from molam_overlays.schema.types import UNSET, Type, type_of
from molam_overlays.schema.unions import Tagged, Union

UTC = timezone.utc
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


class Cat(Model):
    kind: str = field(Const("cat"))
    lives: int = field(Integer(minimum=1))


class Dog(Model):
    kind: str = field(Const("dog"))
    bark: str | None = field(Enum("loud", "soft"), default=None)
    age: int = field(Integer())


class Plain(Model):
    name: str = field(String())
    size: int | None = field(Integer(), default=None)


class Sized(Model):
    width: int = field(Integer())
    height: int = field(Integer())


TYPES: list[Type] = [
    AnyValue(), Boolean(), Integer(), Number(), Float(), String(), Enum("a", 1), Const("x"),
    DateTime(), Date(), Time(), Duration(), Uuid(), DecimalText(), Base64(), Array(DateTime()),
    Map(Number()), Nullable(Date()), Union(Cat, Dog, Plain, Sized, Array(Plain), Integer()),
    Tagged("kind", {"cat": Cat, "dog": Dog}), type_of(Plain), Lazy(__name__, "Plain"),
    Union(Number(), Map(Union(Cat, String()))),
]  # fmt: skip


def encode(declared: Any, value: Any) -> Any:
    problems: dict[str, str] = {}
    encoded = type_of(declared).encode(value, "x", problems)
    assert problems == {}, problems
    return encoded


def refused(declared: Any, value: Any) -> dict[str, str]:
    problems: dict[str, str] = {}
    type_of(declared).encode(value, "x", problems)
    assert problems, f"{value!r} was taken"
    assert all(isinstance(found, str) and found for found in problems.values())
    return problems


@pytest.mark.parametrize("declared", TYPES, ids=lambda t: type(t).__name__)
@given(wire=JSON)
def test_reading_never_raises_and_plain_means_unchanged(declared: Type, wire: Any) -> None:
    seen = declared.decode(wire, NOWHERE) if wire is not None else None
    if declared.plain:
        assert seen is wire
    assert 0 <= declared.fit(wire) <= 1
    declared.resembles(wire)


@pytest.mark.parametrize("declared", TYPES, ids=lambda t: type(t).__name__)
@given(value=JSON)
def test_writing_gives_json_or_problems_under_the_path(declared: Type, value: Any) -> None:
    problems: dict[str, str] = {}
    encoded = declared.encode(value, "x", problems)
    assert all(path == "x" or path.startswith(("x.", "x[")) for path in problems)
    if not problems:
        assert json.loads(dumps(encoded)) == encoded or encoded != encoded


@pytest.mark.parametrize(
    ("declared", "value", "wire"),
    [
        (DateTime(), datetime(2025, 1, 16, 12, tzinfo=UTC), "2025-01-16T12:00:00Z"),
        (DateTime(), datetime(2025, 1, 16, 12, 0, 0, 500, UTC), "2025-01-16T12:00:00.000500Z"),
        (
            DateTime(),
            datetime(2025, 1, 16, 12, tzinfo=timezone(timedelta(hours=-5, minutes=-30))),
            "2025-01-16T12:00:00-05:30",
        ),
        (Date(), date(2025, 1, 16), "2025-01-16"),
        (Time(), time(12, 30, tzinfo=UTC), "12:30:00Z"),
        (Duration(), timedelta(days=1, hours=12), "P1DT12H"),
        (Duration(), timedelta(0), "PT0S"),
        (Duration(), timedelta(seconds=1, microseconds=500_000), "PT1.5S"),
        (Duration(), timedelta(minutes=90), "PT1H30M"),
        (Uuid(), UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (DecimalText(), Decimal("12.50"), "12.50"),
        (DecimalText(), Decimal("1E+3"), "1000"),
        (Base64(), b"\x00\xff", "AP8="),
        (Base64(), b"", ""),
    ],
)
def test_formats_round_trip(declared: Type, value: Any, wire: str) -> None:
    assert encode(declared, value) == wire
    assert declared.decode(wire, NOWHERE) == value
    assert encode(declared, wire) == wire


@given(st.datetimes(timezones=st.just(UTC)))
def test_any_moment_round_trips(moment: datetime) -> None:
    assert DateTime().decode(encode(DateTime(), moment), NOWHERE) == moment


@given(st.timedeltas(min_value=timedelta(0)))
def test_any_length_of_time_round_trips(length: timedelta) -> None:
    assert Duration().decode(encode(Duration(), length), NOWHERE) == length


@given(st.binary())
def test_any_bytes_round_trip(content: bytes) -> None:
    assert Base64().decode(encode(Base64(), content), NOWHERE) == content


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-01-16T12:00:00Z", datetime(2025, 1, 16, 12, tzinfo=UTC)),
        ("2025-01-16T12:00:00.123456789Z", datetime(2025, 1, 16, 12, 0, 0, 123456, UTC)),
        ("2025-01-16T12:00:00.5Z", datetime(2025, 1, 16, 12, 0, 0, 500000, UTC)),
        ("2025-01-16T12:00:00+00:00", datetime(2025, 1, 16, 12, tzinfo=UTC)),
        ("2025-01-16T12:00:00z", None),
        ("2025-01-16T12:00:00", "2025-01-16T12:00:00"),  # without offset: as it came
        ("2025-01-16", "2025-01-16"),
        ("yesterday", "yesterday"),
        ("", ""),
        ("9999999-01-01T00:00:00Z", "9999999-01-01T00:00:00Z"),
    ],
)
def test_moments_are_read_generously(text: str, expected: Any) -> None:
    seen = DateTime().decode(text, NOWHERE)
    if expected is not None:
        assert seen == expected


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        (DateTime(), "2025-01-16T12:00:00"),
        (DateTime(), "2025-01-16 12:00:00Z"),
        (DateTime(), "20250116T120000Z"),
        (DateTime(), "2025-01-16T12:00:00Z\n"),
        (DateTime(), "2025-02-30T12:00:00Z"),
        (DateTime(), datetime(2025, 1, 16)),
        (DateTime(), date(2025, 1, 16)),
        (DateTime(), 5),
        (Date(), datetime(2025, 1, 16, tzinfo=UTC)),
        (Date(), "20250116"),
        (Date(), "2025-13-01"),
        (Time(), "12:00"),
        (Time(), "25:00:00Z"),
        (Duration(), "P"),
        (Duration(), "PT"),
        (Duration(), "1 day"),
        (Duration(), timedelta(-1)),
        (Uuid(), "{00000000-0000-0000-0000-000000000005}"),
        (Uuid(), "x"),
        (DecimalText(), "NaN"),
        (DecimalText(), " 1"),
        (DecimalText(), "1_0"),
        (DecimalText(), "\u0661"),
        (DecimalText(), Decimal("Infinity")),
        (Base64(), "not base64!"),
        (Base64(), "AP8"),
        (Integer(), 1.0),
        (Integer(), Decimal(1)),
        (Integer(), "1"),
        (Integer(), True),
        (Integer(), None),
        (Integer(minimum=1), 0),
        (Integer(maximum=1), 2),
        (Integer(exclusive_minimum=1), 1),
        (Integer(exclusive_maximum=1), 1),
        (Integer(multiple_of=5), 7),
        (Integer(), 10**4000),
        (Integer(minimum=1), 10**4000),
        (Number(), "1"),
        (Number(), True),
        (Number(), float("nan")),
        (Number(), Decimal("sNaN")),
        (Number(), Decimal("1E+500")),
        (Number(), Decimal("1E-500")),
        (Number(), Decimal("0.12345678901234567890")),
        (Number(minimum="0.01"), Decimal("0.009")),
        (Number(multiple_of="0.01"), 0.015),
        (Number(multiple_of="0.01"), Decimal("1.001")),
        (String(), 5),
        (String(), None),
        (String(), b"x"),
        (String(), "\ud800"),
        (String(min_length=1), ""),
        (String(min_length=2), "\U0001f4b8"),
        (String(max_length=1), "ab"),
        (String(pattern=r"^[A-Z]{3}\Z"), "USD\n"),
        (String(pattern=r"^\d+\Z"), "\u0661"),
        (Boolean(), 1),
        (Boolean(), "true"),
        (Boolean(), None),
        (Enum("a", "b"), "c"),
        (Enum(1), True),
        (Enum("a"), ["a"]),
        (Const("x"), "y"),
        (Array(Integer()), "ab"),
        (Array(Integer()), {1}),
        (Array(Integer()), {"a": 1}),
        (Array(Integer(), min_items=1), []),
        (Array(Integer(), max_items=1), [1, 2]),
        (Array(AnyValue(), unique_items=True), [{"a": 1, "b": 2}, {"b": 2, "a": 1}]),
        (Map(Integer()), [("a", 1)]),
        (Map(Integer()), {1: 1}),
        (Map(Integer(), max_properties=0), {"a": 1}),
        (Map(Integer(), min_properties=1), {}),
        (Map(Integer(), names=String(pattern="^a")), {"b": 1}),
        (Map(AnyValue()), {"\ud800": 1}),
        (Tagged("kind", {"cat": Cat}), {"kind": "cow"}),
        (Tagged("kind", {"cat": Cat}), {}),
        (Tagged("kind", {"cat": Cat}), "cat"),
        (AnyValue(), object()),
        (AnyValue(), {1: 2}),
        (AnyValue(), {"\ud800": 1}),
        (AnyValue(), float("inf")),
        (AnyValue(), 10**4000),
        (AnyValue(), b"bytes"),
        (Union(Cat, Dog), {}),
        (Union(Integer(), String()), None),
        (Binary(), "text"),
        (Binary(), io.StringIO("text")),
        (Binary(), File(b"", media="a\r\nb")),
    ],
)
def test_writing_refuses(declared: Any, value: Any) -> None:
    refused(declared, value)


@pytest.mark.parametrize(
    ("declared", "value", "wire"),
    [
        (Integer(), 5, 5),
        (Number(), Decimal("500.00"), 500.0),
        (Number(), Decimal("1E+2"), 100),
        (Number(), 0.1, 0.1),
        (Number(multiple_of="0.01"), Decimal("1e50"), 10**50),
        (Number(multiple_of="0.01"), 0.07, 0.07),
        (Number(), loads("500.00"), 500.0),
        (DecimalText(), 5, "5"),
        (DecimalText(), 0.1, "0.1"),
        (String(min_length=1, max_length=1), "\U0001f4b8", "\U0001f4b8"),
        (String(pattern="b"), "abc", "abc"),
        (Array(Integer()), (1, 2), [1, 2]),
        (Array(Integer(), unique_items=True), [1, 2], [1, 2]),
        (Nullable(Integer()), None, None),
        (AnyValue(), {"a": (1, Decimal("1.5"))}, {"a": [1, 1.5]}),
        (Union(Integer(), String()), "x", "x"),
        (Duration(), "P1Y2M", "P1Y2M"),
        (Base64(), "AP8=", "AP8="),
    ],
)
def test_writing_takes(declared: Any, value: Any, wire: Any) -> None:
    encoded = encode(declared, value)
    assert encoded == wire
    assert type(encoded) is type(wire)


def test_enum_members_of_python_are_sent_as_their_values() -> None:
    class Currency(str, PythonEnum):
        USD = "USD"

    assert type(encode(String(), Currency.USD)) is str
    assert type(encode(Enum("USD", "EUR"), Currency.USD)) is str
    assert json.loads(dumps(encode(AnyValue(), {"c": Currency.USD}))) == {"c": "USD"}


def test_a_pattern_is_ascii_and_searched_for() -> None:
    assert refused(String(pattern=r"^\w+\Z"), "\u00e9") == {"x": r"must match the pattern ^\w+\Z"}


def test_a_problem_never_shows_the_value() -> None:
    secret = "canary" * 10
    for declared in (*TYPES, String(max_length=3), Enum("a")):
        problems: dict[str, str] = {}
        declared.encode(secret, "x", problems)
        declared.encode({"kind": secret, "name": [secret]}, "x", problems)
        assert "canary" not in " ".join(problems.values())


def test_nesting_is_bounded_on_the_way_out() -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    (problem,) = refused(AnyValue(), deep).values()
    assert "nest deeper" in problem


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12),
                   max_value=10**12))  # fmt: skip
def test_amounts_with_two_places_survive_the_wire(amount: Decimal) -> None:
    sent = dumps({"amount": encode(Number(), amount)})
    data, digits = read(sent)
    assert Number().decode(data["amount"], Origin(NOWHERE.response, digits)) == amount


# Unions -------------------------------------------------------------------------------------------

ANIMAL = Union(Cat, Dog, Plain, Sized)


@pytest.mark.parametrize(
    ("wire", "kind"),
    [
        ({"kind": "cat", "lives": 9}, Cat),
        ({"kind": "dog", "age": 3}, Dog),
        # Newer than this SDK: an unknown enum value, a missing field, a value out of bounds.
        ({"kind": "dog", "age": 3, "bark": "quantum"}, Dog),
        ({"kind": "dog"}, Dog),
        ({"kind": "cat", "lives": 0}, Cat),
        ({"kind": "cat"}, Cat),
        ({"name": "x"}, Plain),
        ({"name": "x", "brand_new": 1}, Plain),
        ({"width": 1}, Sized),
        ({"width": 1, "height": 2, "depth": 3}, Sized),
        ({"name": 5, "size": 1}, Plain),
    ],
)
def test_a_union_keeps_its_type_on_answers_newer_than_the_sdk(
    wire: dict[str, Any], kind: type[Model]
) -> None:
    assert type(ANIMAL.decode(wire, NOWHERE)) is kind


@pytest.mark.parametrize("wire", [None, 5, "x", [], True])
def test_what_fits_no_member_is_handed_over(wire: Any) -> None:
    assert ANIMAL.decode(wire, NOWHERE) is wire


def test_a_union_is_tried_in_order_when_all_fit_alike() -> None:
    class A(Model):
        x: int = field(Integer())

    class B(Model):
        x: int = field(Integer())

    assert type(Union(A, B).decode({"x": 1}, NOWHERE)) is A


@pytest.mark.parametrize(
    "declared",
    [Float(), Array(Float()), Map(Nullable(Union(String(), Integer(), Float(), Boolean())))],
)
@given(
    text=JSON.map(json.dumps) | st.sampled_from(["0.30", '{"a": 0.1000000000000000055}', "[5.0]"])
)
def test_what_is_told_to_be_left_as_it_is_is_left(declared: Type, text: str) -> None:
    data, digits = read(text.encode())
    origin = Origin(NOWHERE.response, digits)
    if declared.leaves(origin):
        assert declared.decode(data, origin) is data
        assert "Decimal" not in repr(data), "a float's Decimal would have become a float"


def test_a_union_of_scalars_reads_each_as_itself() -> None:
    union = Union(String(), Integer(), Float(), Boolean(), DateTime())
    assert union.decode(True, NOWHERE) is True
    assert union.decode(5, NOWHERE) == 5
    assert union.decode("x", NOWHERE) == "x"
    assert union.decode("2025-01-16T12:00:00Z", NOWHERE) == datetime(2025, 1, 16, 12, tzinfo=UTC)


def test_the_problems_of_a_union_are_those_of_the_nearest_member() -> None:
    assert refused(Union(Cat, Dog), {"kind": "dog", "age": "x"}) == {
        "x.age": "must be a whole number (int), not str"
    }
    assert refused(Union(Sized, Plain), {"width": 1}) == {"x.height": "is required"}
    assert refused(Union(Enum("a"), String(max_length=3)), "long text") == {
        "x": "must have at most 3 characters"
    }


def test_a_model_in_a_union_is_sent_as_what_it_is() -> None:
    class ReadOnly(Model):
        x: int = field(Integer())
        seen: str | None = field(String(), default=None, init=False)

    class Writable(Model):
        x: int = field(Integer())
        seen: str | None = field(String(), default=None)

    union = Union(ReadOnly, Writable)
    assert encode(union, Writable(x=1, seen="y")) == {"x": 1, "seen": "y"}
    assert encode(union, ReadOnly.from_dict({"x": 1, "seen": "y"})) == {"x": 1}


def test_an_unknown_tag_is_read_as_a_plain_model() -> None:
    tagged = Tagged("kind", {"cat": Cat, "dog": Dog})
    for wire in ({"kind": "cow", "milk": 1}, {"kind": None}, {"kind": ["cat"]}, {}):
        assert type(tagged.decode(wire, NOWHERE)) is Model
    assert type(tagged.decode({"kind": "dog"}, NOWHERE)) is Dog


# Others -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given", [b"abc", bytearray(b"abc"), memoryview(b"abc"), io.BytesIO(b"abc"), File(b"abc")]
)
def test_binary_takes_bytes_files_and_open_files(given: Any) -> None:
    assert encode(Binary(), given).content == b"abc"


def test_unset_is_one_false_value_that_survives_pickling() -> None:
    import copy
    import pickle

    assert not UNSET
    assert repr(UNSET) == "UNSET"
    assert pickle.loads(pickle.dumps(UNSET)) is UNSET
    assert copy.deepcopy(UNSET) is UNSET


def test_type_of_says_what_it_expected() -> None:
    with pytest.raises(TypeError, match="model class"):
        type_of(str)


def test_lazy_types_are_found_when_a_client_is_built() -> None:
    lazy = Lazy(__name__, "Plain")
    assert lazy in _pending
    resolve_pending()
    assert lazy not in _pending
    assert type(lazy.decode({"name": "x"}, NOWHERE)) is Plain
    assert refused(lazy, {}) == {"x.name": "is required"}
