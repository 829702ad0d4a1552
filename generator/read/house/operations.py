"""Rules of operations: names, words, arguments, keys, answers, pages."""

from __future__ import annotations

import re
from typing import Final

from generator.read.house.complaint import JSON, Complaint, Complaints, House, below, reference

_OPERATION: Final = re.compile(r"[a-z]+(?:[A-Z][a-z0-9]*)+")
_SEGMENT: Final = re.compile(r"v[0-9]+|[a-z][a-z0-9]*(?:_[a-z0-9]+)*|\{[a-z][a-z0-9_]*\}")
_TAG: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_ALWAYS: Final = ("400", "401", "403", "422", "429", "5XX")
_PAGE: Final = {"items": "data", "more": "has_more", "limit": "limit", "offset": "offset"}
_KEY: Final = reference("parameters", "IdempotencyKey")


def names(house: House) -> Complaints:
    """Each operation has a name in verb and noun, each path and tag is in snake case."""
    for one in house.operations:
        name = one.value.get("operationId")
        at = below(one.at, "operationId")
        if not name:
            what = f"{one.name} has no operationId"
            yield Complaint(one.at, what, "Name it in verb and noun, such as retrieveRefund")
        elif not _OPERATION.fullmatch(name):
            what = f"The operationId {name} is not verb and noun in camel case"
            yield Complaint(at, what, "Name it like retrieveRefund")
        if not all(_SEGMENT.fullmatch(part) for part in one.path.split("/")[1:]):
            what = f"The path {one.path} is not in snake case"
            yield Complaint(one.at, what, "Write it like /v1/connect/payment_intents/{refund_id}")
    for index, tag in enumerate(house.root.get("tags", ())):
        if not _TAG.fullmatch(tag["name"]):
            what = f"The tag {tag['name']} cannot be a module as it is"
            yield Complaint(f"/tags/{index}/name", what, "Write it in snake case")


def tags(house: House) -> Complaints:
    """Each operation has one tag, which `tags` describes."""
    described = {tag["name"] for tag in house.root.get("tags", ()) if tag.get("description")}
    for one in house.operations:
        found = one.value.get("tags") or []
        if len(found) != 1:
            what = f"{one.name} has {len(found) or 'no'} tags"
            yield Complaint(one.at, what, "Give it exactly one: it is the module of its function")
        for tag in found:
            if tag not in described:
                what = f"The tag {tag} of {one.name} is not described"
                advice = "Add it under tags, with a description"
                yield Complaint(below(one.at, "tags"), what, advice)


def arguments(house: House) -> Complaints:
    """Each operation freezes the order of its arguments."""
    for one in house.operations:
        if "x-molam-arguments" not in one.value:
            what = f"{one.name} does not say in which order its arguments are given"
            advice = "Add x-molam-arguments, the list of those that may be given by position"
            yield Complaint(one.at, what, advice)


def path_parameters(house: House) -> Complaints:
    """Parameters of the path stand in its order."""
    for one in house.operations:
        declared = [p["name"] for p in house.parameters(one) if p["in"] == "path"]
        wanted = re.findall(r"{(\w+)}", one.path)
        if declared != wanted:
            what = f"The path parameters of {one.name} are not those of its path, in its order"
            advice = f"List {', '.join(wanted) or 'none'}"
            yield Complaint(below(one.at, "parameters"), what, advice)


def idempotency(house: House) -> Complaints:
    """A POST takes an idempotency key, and nothing else does."""
    for one in house.operations:
        listed = one.value.get("parameters") or []
        if one.method == "post" and _KEY not in listed:
            what = f"{one.name} is a POST that takes no Idempotency-Key"
            advice = f"Add $ref: '{_KEY['$ref']}' to its parameters"
            yield Complaint(one.at, what, advice)
        elif one.method != "post" and _KEY in listed:
            what = f"{one.name} takes an Idempotency-Key, and is no POST"
            at = below(one.at, "parameters", listed.index(_KEY))
            yield Complaint(at, what, "Remove it")


def pages(house: House) -> Complaints:
    """What answers with a list is a page, and nothing else is."""
    for one in house.operations:
        success = [r for s, r in one.value["responses"].items() if s.startswith("2")]
        lists = any(
            {"data", "has_more"} <= set(house.answer(r).get("properties", {})) for r in success
        )
        page = one.value.get("x-molam-page")
        if not lists and page is not None:
            what = f"{one.name} has x-molam-page, and answers with no data and has_more"
            at = below(one.at, "x-molam-page")
            yield Complaint(at, what, "Remove it, or answer with a list")
        elif lists and page != _PAGE:
            what = f"{one.name} answers with a list, and x-molam-page does not say so"
            said = "{items: data, more: has_more, limit: limit, offset: offset}"
            yield Complaint(one.at, what, f"Add x-molam-page: {said}")
        elif lists and not {"limit", "offset"} <= {p["name"] for p in house.parameters(one)}:
            what = f"{one.name} answers with a list, and takes no limit and offset"
            yield Complaint(one.at, what, "Add the parameters Limit and Offset")


def answers(house: House) -> Complaints:
    """One success, and every error that can occur, with the body of errors."""
    for one in house.operations:
        responses = one.value["responses"]
        at = below(one.at, "responses")
        if len([status for status in responses if status.startswith("2")]) != 1:
            what = f"{one.name} has not exactly one success"
            yield Complaint(at, what, "Answer with one status of 2xx")
        for status in _ALWAYS:
            if status not in responses:
                what = f"{one.name} does not answer with {status}, which any operation can"
                yield Complaint(at, what, f"Add the response '{status}' from components")
        for status, wanted, why in (
            ("404", "{" in one.path, "what the path names may not be there"),
            ("409", one.method == "post", "a key may be in flight"),
        ):
            if wanted and status not in responses:
                yield Complaint(at, f"{one.name} does not answer with {status}: {why}",
                                f"Add the response '{status}' from components")  # fmt: skip
            elif not wanted and status in responses:
                yield Complaint(below(at, status), f"{one.name} never answers with {status}",
                                "Remove the response")  # fmt: skip
        for status, response in responses.items():
            media = house.follow(response).get("content", {}).get(JSON, {})
            if status[0] in "45" and media.get("schema") != reference("schemas", "Error"):
                what = f"The {status} of {one.name} is not the body of errors"
                advice = "Let its JSON be $ref: '#/components/schemas/Error'"
                yield Complaint(below(at, status), what, advice)


def request_ids(house: House) -> Complaints:
    """Every response carries X-Request-Id, and 429 alone Retry-After."""
    wanted = reference("headers", "RequestId")
    for one in house.operations:
        for status, response in one.value["responses"].items():
            headers = house.follow(response).get("headers", {})
            at = below(one.at, "responses", status)
            if headers.get("X-Request-Id") != wanted:
                what = f"The {status} of {one.name} does not carry X-Request-Id"
                advice = f"Add the header X-Request-Id with $ref: '{wanted['$ref']}'"
                yield Complaint(at, what, advice)
            if ("Retry-After" in headers) is not (status == "429"):
                what = f"The {status} of {one.name} carries Retry-After wrongly"
                yield Complaint(at, what, "Add it to 429, and to nothing else")


def security(house: House) -> Complaints:
    """One key for all operations."""
    for one in house.operations:
        if "security" in one.value:
            what = f"{one.name} has security of its own"
            at = below(one.at, "security")
            yield Complaint(at, what, "Remove it: one key serves all operations")
