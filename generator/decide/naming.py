"""Wire names to Python names.

A wire name becomes a valid, typeable Python name, the same on every machine and run:

- Words are split where a reader would: at anything that is no letter or digit, before an upper
  case letter that follows a lower case one or a digit (``paymentIntent``), before the last of
  several upper case letters (``HTTPServer``). Brand spellings with one small letter in front
  (``iDEAL``) and digits with capitals (``3DS2``) stay one word.
- Letters of other scripts stay: Python takes them as identifiers. They are put into NFKC, as
  Python itself does when it reads a name (PEP 3131), so that two spellings of one name are one.
- Any other symbol, an emoji for instance, becomes its Unicode name when nothing else would be
  left of the name (``👍`` becomes ``thumbs_up_sign``), and separates words otherwise.
- A name that would start with a digit gets a word in front: ``field_3``, ``Model3``, ``VALUE_3``.
- Keywords, names that Python code needs (``type`` does not, it only shadows; ``self`` does), and
  names that the generated class already has get an underscore at the end.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from generator.decide.runtime import (
    ARGUMENTS_TAKEN,
    CALL_OPTIONS,
    CLASSES_TAKEN,
    CLIENT_METHODS,
    MODEL_MEMBERS,
    NEVER,
)

LONGEST: Final = 80
"""Longer names are cut in the middle: what tells them apart stands at their ends."""

# Spellings that the rules would tear apart.
_ONE_WORD: Final = re.compile(r"OAuth|PayPal|GraphQL")
_BRAND: Final = re.compile(r"[a-z][A-Z]{2,}[0-9]*")
_WORD_START: Final = re.compile(r"(?<=_)[^_]|(?<=[^A-Z_])[A-Z]")
_FLAG_LETTER: Final = "REGIONAL INDICATOR SYMBOL LETTER "


def words(wire: str) -> list[str]:
    """Split a wire name into its words, in their own spelling.

    >>> words("paymentIntent"), words("HTTPServer2"), words("iDEAL"), words("3DS2-Version")
    (['payment', 'Intent'], ['HTTP', 'Server2'], ['iDEAL'], ['3DS2', 'Version'])
    """
    most = 5 * LONGEST
    if len(wire) > most:
        wire = f"{wire[: most // 2]} {wire[-most // 2 :]}"
    text = unicodedata.normalize("NFKC", wire)
    found: list[str] = []
    for chunk in _chunks(text):
        if _BRAND.fullmatch(chunk):
            found.append(chunk)
        else:
            found.extend(_camel(chunk))
    if not found:
        found = _spelled_out(text)
    return found


def _chunks(text: str) -> list[str]:
    """Cut a text at everything that cannot be inside an identifier, and at underscores."""
    chunks: list[str] = []
    current = ""
    for character in text:
        # With a letter in front, marks and digits are judged as what may follow.
        wanted = character.isalnum() or unicodedata.category(character)[0] == "M"
        if wanted and ("a" + character).isidentifier():
            current += character
        elif current:
            chunks.append(current)
            current = ""
    if current:
        chunks.append(current)
    return chunks


def _camel(chunk: str) -> list[str]:
    parts: list[str] = []
    start = 0
    whole = {
        at for match in _ONE_WORD.finditer(chunk) for at in range(match.start() + 1, match.end())
    }
    for index in range(1, len(chunk)):
        if index in whole:
            continue
        before, here = chunk[index - 1], chunk[index]
        after = chunk[index + 1] if index + 1 < len(chunk) else ""
        new_word = here.isupper() and (
            before.islower()
            or (before.isupper() and after.islower() and not _plural(chunk[index:]))
            or (before.isdigit() and after.islower())
        )
        if new_word:
            parts.append(chunk[start:index])
            start = index
    parts.append(chunk[start:])
    return parts


def _plural(rest: str) -> bool:
    """Whether capitals end in a small plural s, as in ``customerIDs``."""
    return len(rest) >= 2 and rest[1] == "s" and (len(rest) == 2 or rest[2].isupper())


def _spelled_out(text: str) -> list[str]:
    found: list[str] = []
    for character in text[:8]:
        name = unicodedata.name(character, "").removeprefix(_FLAG_LETTER)
        if name and not character.isspace():
            found.extend(re.findall(r"[A-Za-z0-9]+", name.lower()))
    return found


def snake(wire: str) -> str:
    """Return a wire name in snake case, which may be empty, a keyword, or start with a digit."""
    return "_".join(word.lower() for word in words(wire))


def pascal(wire: str) -> str:
    """Return a wire name in Pascal case: capitals after the first letter of a word stay."""
    parts: list[str] = []
    for word in words(wire):
        # `HTTP_SERVER` has capitals only because all of it has: HttpServer.
        rest = word[1:].lower() if wire.isupper() and "_" in wire else word[1:]
        part = _fold_first(word[0]) + rest
        # Two digits that met would read as one number: v1_2 and v12.
        if parts and parts[-1][-1].isdigit() and part[0].isdigit():
            part = "_" + part
        parts.append(part)
    return "".join(parts)


def _fold_first(letter: str) -> str:
    upper = letter.upper()
    return upper if len(upper) == 1 else letter


def _valid(name: str, prefix: str) -> str:
    if not name:
        return prefix
    if not name[0].isidentifier() or name[0] == "_":
        name = f"{prefix}_{name}" if prefix.islower() or prefix.isupper() else f"{prefix}{name}"
    name = _cut(unicodedata.normalize("NFKC", name)).rstrip("_")
    # Case and composition can undo each other in a few scripts: then only ASCII is safe.
    if not name.isidentifier() or unicodedata.normalize("NFKC", name) != name:
        name = re.sub(r"[^A-Za-z0-9_]", "", name).strip("_")
        return name if name.isidentifier() else f"{prefix}{name}"
    return name


def _cut(name: str) -> str:
    """Return a name of bearable length: whole words of its beginning and of its end."""
    if len(name) <= LONGEST:
        return name
    between = "_" if "_" in name else ""
    most = LONGEST // 2
    least = len(name) - LONGEST + most + len(between)
    starts = [match.start() for match in _WORD_START.finditer(name)]
    head = max((at for at in starts if most // 2 <= at <= most), default=most)
    tail = min((at for at in starts if least <= at <= len(name) - most // 2), default=least)
    return f"{name[:head].rstrip('_')}{between}{name[tail:].lstrip('_')}"


def module_name(wire: str) -> str:
    """Return the name of a module: ``payment_intents``, ``default_``."""
    name = _valid(snake(wire), "module")
    return name + "_" if name in NEVER or name == "main" or name == "init" else name


def class_name(wire: str) -> str:
    """Return the name of a class: ``PaymentIntent``, ``Model3DSecure``."""
    name = _valid(pascal(wire), "Model")
    return name + "_" if name in NEVER or name in CLASSES_TAKEN else name


def attribute_name(wire: str, taken: frozenset[str] = MODEL_MEMBERS) -> str:
    """Return the name of a model's attribute: ``class_``, ``field_3ds``, ``items_``.

    Args:
        wire: the property's name on the wire.
        taken: names that the class has already.
    """
    name = _valid(snake(wire), "field")
    return name + "_" if name in NEVER or name in taken else name


def argument_name(wire: str) -> str:
    """Return the name of an argument of a client method: ``from_``, ``timeout_``."""
    name = _valid(snake(wire), "argument")
    taken = name in NEVER or name in CALL_OPTIONS or name in ARGUMENTS_TAKEN
    return name + "_" if taken else name


def function_name(wire: str, taken: frozenset[str] = CLIENT_METHODS) -> str:
    """Return the name of an operation's function and client method: ``create_refund``."""
    name = _valid(snake(wire), "operation")
    return name + "_" if name in NEVER or name in taken else name


def constant_name(wire: str) -> str:
    """Return the name of a constant: ``PAYMENT_INTENT_STATUS``, ``VALUE_3``."""
    return _valid(snake(wire).upper(), "VALUE")


def operation_name(method: str, path: str) -> str:
    """Return the function name of an operation that has no operationId: ``get_refunds_by_refund_id``.

    Path parameters are put behind the word "by"; versions such as ``v1`` stay out.
    """
    parts = [method]
    for segment in path.split("/"):
        name = snake(segment)
        if not name or re.fullmatch(r"v[0-9]+", name):
            continue
        parts.append(f"by_{name}" if "{" in segment else name)
    return function_name("_".join(parts))
