"""What may be wrong with a document: one table of rules, the worst first.

A mistake that is accepted is lived with as its rule says here, and nowhere else. A rule without
such words cannot be accepted; what is told by a rule that warns changes nothing for users.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs


@attrs.frozen
class Rule:
    """One thing that may be wrong."""

    name: str
    living: str = ""
    """What happens once it is accepted, or, of a warning, what happens; empty: it stops."""
    warns: bool = False
    """Whether it changes nothing for users, and so is no more than told."""

    @property
    def acceptable(self) -> bool:
        """Whether the file of accepted mistakes may name it."""
        return bool(self.living) and not self.warns


_ANYTHING: Final = "Any value is taken there, and the server checks it"
HOUSE: Final = (
    "house-operation-names", "house-tags", "house-arguments", "house-path-parameters",
    "house-idempotency", "house-pages", "house-answers", "house-request-ids", "house-security",
    "house-webhooks", "house-schema-names", "house-texts", "house-amounts", "house-values",
    "house-sent", "house-open", "house-extensions", "house-examples", "house-layout",
)  # fmt: skip
"""The rules of our own documents; the settings beside a document say which hold for it."""

_TABLE: Final = (
    Rule("syntax"),
    Rule("version"),
    Rule("settings"),
    Rule("accepted-file"),
    Rule("accepted-no-longer"),
    Rule("overlay"),
    Rule("extension"),
    Rule("defect"),
    Rule("unsupported"),
    Rule("structure", "What does not fit is left out"),
    Rule("unknown-reference", "A schema there takes any value; anything else there is left out"),
    Rule("endless-reference", _ANYTHING),
    Rule("dynamic-reference", "It stands for the schema with the anchor, as $ref does"),
    Rule("contradiction", _ANYTHING),
    Rule("false-schema", _ANYTHING),
    Rule("unknown-schema-type", _ANYTHING),
    Rule("duplicate-key", "The last one is taken"),
    Rule("duplicate-operation-id", "The later operation is named by its method and path"),
    Rule("duplicate-parameter", "The first one is taken"),
    Rule("path-form", "It is taken as it is, with a slash in front"),
    Rule("paths-meet", "The operations of both are methods"),
    Rule("path-parameter-missing", "It is taken as text, and has to be given"),
    Rule("path-parameter-unknown", "It is left out"),
    Rule("discriminator", "The members are told apart without it"),
    Rule("enum-type", "The enum takes its values, of whatever type they are"),
    Rule("default", "The default is not sent"),
    Rule("other-dialect", "It is read as the other version of OpenAPI reads it"),
    Rule("missing-key", "What lacks it is left out, or read as if it were empty"),
    Rule("unknown-key", "It is passed over"),
    Rule("wrong-type", "It is passed over; what is text but for its quotes is taken as text"),
    Rule("wrong-value", "It is passed over"),
    Rule("challenge-security", "No key is sent with it, whatever signs it is the caller's own"),
    Rule("unread-webhook", "It is no event of the package: who receives it reads it himself"),
    Rule("unknown-security-scheme", "It is not asked for, and nothing is sent for it"),
    *map(Rule, HOUSE),
    # From here on nothing changes for users.
    Rule("overlay-idle", "It changes nothing", warns=True),
    Rule("relative-server", "Calls go to the server of the whole document", warns=True),
    Rule("empty-enum", "It allows no value at all, and is passed over", warns=True),
    Rule("pattern-in-slashes", "The slashes are taken for those of a script", warns=True),
    Rule("path-parameter-optional", "It has to be given, as every one in a path", warns=True),
    Rule("reference-sibling", "It is passed over, as OpenAPI says", warns=True),
    Rule("duplicate-required", "It is required once", warns=True),
    Rule("empty-list", "It says nothing, and is passed over", warns=True),
    Rule("duplicate-item", "It is read once", warns=True),
    Rule("duplicate-tag", "The first one is read", warns=True),
    Rule("later-annotation", "Nothing follows from it", warns=True),
    Rule("two-examples", "The one under examples is read", warns=True),
    Rule("missing-description", "It is read as if it were empty", warns=True),
    Rule("null-value", "It is read as if it were not there", warns=True),
    Rule("null-description", "It is read as if it were not there", warns=True),
)
RULES: Final[Mapping[str, Rule]] = {rule.name: rule for rule in _TABLE}
"""By name, the worst first."""
ORDER: Final[Mapping[str, int]] = {rule.name: number for number, rule in enumerate(_TABLE)}
"""Name of a rule to how bad it is, 0 the worst."""
