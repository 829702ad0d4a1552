"""All house rules, by the names that settings switch them on with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from generator.read.house import operations, schemas
from generator.read.house.complaint import Complaints, House
from generator.read.house.examples import examples
from generator.read.house.layout import layout
from generator.read.house.webhooks import webhooks
from generator.read.position import DocumentError

if TYPE_CHECKING:
    from generator.read.document import Document

CHECKS: Final[Mapping[str, Callable[[House], Complaints]]] = {
    "house-operation-names": operations.names,
    "house-tags": operations.tags,
    "house-arguments": operations.arguments,
    "house-path-parameters": operations.path_parameters,
    "house-idempotency": operations.idempotency,
    "house-pages": operations.pages,
    "house-answers": operations.answers,
    "house-request-ids": operations.request_ids,
    "house-security": operations.security,
    "house-webhooks": webhooks,
    "house-schema-names": schemas.names,
    "house-texts": schemas.texts,
    "house-amounts": schemas.amounts,
    "house-values": schemas.values,
    "house-sent": schemas.open_sets,
    "house-open": schemas.open_objects,
    "house-extensions": schemas.extensions,
    "house-examples": examples,
}
"""Each rule that looks at the document; `house-layout` looks at its file."""


def check_house(document: Document) -> None:
    """Take down all that breaks a house rule which the settings name."""
    wanted = document.settings.house
    if not wanted:
        return
    house = House(document)
    for name, check in CHECKS.items():
        if name in wanted:
            for one in check(house):
                document.wrong(one.what, one.at, one.advice, name)
    if "house-layout" in wanted:
        for where, what, advice in layout(house):
            at = f"{where.file}:{where.line}"
            document.findings.add(DocumentError(what, where, advice, "house-layout", at))
