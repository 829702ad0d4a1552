"""The proof of one document: every operation called, every answer read, verdict by verdict."""

from __future__ import annotations

import asyncio
import base64
import copy
import inspect
import json
import logging
import math
import warnings
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from typing import Any

import attrs

from molam_overlays.home import home

from .calling import MismatchError, Signature, Wanted, bare, find, signature_of
from .document import Node, Operation, Raw
from .package import Package, dumps, emit
from .reading import Reader, is_model, plain, typed
from .schemas import Direction, Facts, Rules
from .server import Answer, Arrived, Server
from .streams import are_whole_events, collected, encoded, item_schema, stream_of, streams
from .values import Maker, UnmakeableError
from .wire import Request, read_form, read_multipart, same, style_of, text_of

_IGNORED = frozenset({"accept", "content-type", "authorization"})
"""Header parameters that OpenAPI says to ignore."""
_KEY = "idempotency-key"
_LOGGER = home().package


@attrs.define
class Verdict:
    """What became of one operation, webhook or group of examples."""

    subject: str
    name: str = ""
    """What it is in Python."""
    calls: int = 0
    skipped: int = 0
    """Examples that break the document's own rules: read, and not sent."""
    problems: list[str] = attrs.field(factory=list[str])

    def add(self, *problems: str) -> None:
        for problem in problems:
            if problem not in self.problems:
                self.problems.append(problem)


@attrs.frozen
class Media:
    """A media type with its schema."""

    name: str
    node: Node

    @property
    def schema(self) -> Node | None:
        return self.node.get("schema")

    @property
    def kind(self) -> str:
        name = self.name.partition(";")[0].strip().lower()
        if name in ("application/json", "text/json", "*/*") or name.endswith("+json"):
            return "json"
        if name == "application/x-www-form-urlencoded":
            return "form"
        if name.startswith("multipart/"):
            return "multipart"
        return "text" if name.startswith("text/") else "bytes"


def medias_of(owner: Node | None) -> list[Media]:
    """Return the media types of a request body or response that a client has to speak.

    Beside JSON not XML, nor text that is described as an object or a list, nor a range: JSON says
    the same.
    """
    found = [] if owner is None else [Media(name, node) for name, node in owner.members("content")]
    if not any(media.kind == "json" and "*" not in media.name for media in found):
        return found
    return [media for media in found if stream_of(media.name) or not _said_twice(media)]


def _said_twice(media: Media) -> bool:
    if "xml" in media.name or "*" in media.name:
        return True
    facts = None if media.schema is None else Facts.of(media.schema)
    return (
        media.kind == "text"
        and facts is not None
        and bool({"object", "array"} & set(facts.types) or facts.choices())
    )


def examples_of(media: Node) -> Iterator[Any]:
    """Yield the examples of a media type or parameter, and of its schema's top."""
    if media.get("example") is not None:
        yield media.value["example"]
    for _, given in media.members("examples"):
        solved = given.solved()
        if "value" in solved.value:
            yield solved.value["value"]
    schema = media.get("schema")
    if schema is not None:
        yield from schema_examples(schema.solved())


def schema_examples(schema: Node) -> Iterator[Any]:
    """Yield the examples that a schema gives of itself."""
    if schema.get("example") is not None:
        yield schema.value["example"]
    listed = schema.fact("examples")
    if isinstance(listed, list):
        yield from listed


@attrs.frozen
class Sent:
    """One call: its arguments, and what has to arrive."""

    keywords: dict[str, Any]
    parameters: dict[Wanted, Any]
    media: Media | None
    body: Any


class Proof:
    """Proves one document, in a folder of its own."""

    def __init__(self, path: Path, folder: Path, *, variants: int = 4) -> None:
        """Emit and import the package.

        Args:
            folder: where the package goes; its name is the import name.
            variants: how many calls an operation gets on each client, at least.

        Raises:
            EmitError: the generator refused the document.
        """
        self.document = Raw(path)
        self.rules = Rules(self.document)
        self.reader = Reader(self.rules)
        self.package: Package = emit(path, folder)
        self.variants = variants
        self.constants = {
            f"{value.method} {value.path}": value for value in self.package.constants()
        }

    def _maker(self, direction: Direction, variant: int, **how: Any) -> Maker:
        return Maker(self.rules, direction, variant, left_out=self.left_out, **how)

    def run(self) -> list[Verdict]:
        """Prove all of it."""
        self.left_out: list[str] = []
        logger = logging.getLogger(_LOGGER)
        before = logger.level
        # Calls without a key are a part of the proof, not worth a warning each.
        logger.setLevel(logging.ERROR)
        try:
            with Server() as server:
                self.server = server
                self.base = "/base/v1"
                verdicts = asyncio.run(self._operations())
            verdicts += [*self._webhooks(), *self._models()]
            if self.left_out:
                unmade = list(dict.fromkeys(self.left_out))
                verdicts.append(Verdict("values that could not be made", problems=unmade))
            return verdicts
        finally:
            logger.setLevel(before)

    # Operations

    async def _operations(self) -> list[Verdict]:
        config = self.package.config(self.server.url + self.base, self._schemes())
        verdicts: list[Verdict] = []
        async with self.package.async_client(config) as awaiting:
            with self.package.client(config) as blocking:
                for operation in self.document.operations():
                    for streaming in self._ways(operation):
                        verdict = Verdict(f"{operation}{' as a stream' * streaming}")
                        verdicts.append(verdict)
                        name = find(type(blocking), operation, streaming=streaming)
                        if (
                            name is None
                            or find(type(awaiting), operation, streaming=streaming) != name
                        ):
                            verdict.add("no method was emitted")
                            continue
                        verdict.name = name
                        try:
                            await self._operation(operation, verdict, blocking, awaiting)
                        except (MismatchError, UnmakeableError) as error:
                            verdict.add(str(error))
        return verdicts

    def _ways(self, operation: Operation) -> list[bool]:
        """Return whether an operation has an ordinary method, and one that streams."""
        medias = [media for _, node in self._good(operation) for media in medias_of(node)]
        found = {bool(stream_of(media.name)) for media in medias}
        return sorted(found) or [False]

    async def _operation(
        self, operation: Operation, verdict: Verdict, blocking: Any, awaiting: Any
    ) -> None:
        method, twin = attrgetter(verdict.name)(blocking), attrgetter(verdict.name)(awaiting)
        streaming = streams(method)
        if streaming:
            method, twin = collected(method), collected(twin)
        medias = medias_of(operation.body)
        fields = self._fields(medias)
        parameters = [
            p
            for p in operation.parameters
            if p.fact("in") != "header" or p.fact("name").lower() not in _IGNORED
        ]
        try:
            signature = signature_of(method, parameters, fields)
        except MismatchError:
            if not fields or len(medias) == 1:
                raise
            # Several media types that differ are one argument together.
            fields = []
            signature = signature_of(method, parameters, fields)
        if signature_of(twin, parameters, fields) != signature:
            verdict.add("the two clients take different arguments")
        answers = self._answers(operation, streaming)
        rounds = max(self.variants, len(answers), 2 * len(medias))
        for number in range(rounds):
            status, media, response = answers[number % len(answers)]
            sent = self._sent(operation, signature, parameters, medias, number)
            wire = self._response(media, number)
            headers = self._headers(response, number)
            answer = self._answer(status, media, wire, headers)
            for asynchronous in (False, True):
                call = self._call(twin if asynchronous else method, sent, signature, asynchronous)
                result = await self._one(operation, verdict, signature, sent, answer, call)
                if result is not _FAILED:
                    verdict.add(*self._result_problems(result, media, wire, headers))
        sent = self._sent(operation, signature, parameters, medias, 0)
        call = self._call(method, sent, signature, False)
        for status, media, _ in () if streaming else answers:
            if media is not None and media.kind == "json" and media.schema is not None:
                await self._changed(operation, verdict, signature, sent, call, status, media)
        await self._errors(operation, verdict, call)
        await self._read_only(verdict, self._sent(operation, signature, parameters, medias, 1),
                              signature, method)  # fmt: skip
        if not streaming:
            await self._examples(operation, verdict, signature, sent, call, answers)

    def _fields(self, medias: Sequence[Media]) -> list[str]:
        preferred = sorted(medias, key=lambda media: media.kind != "json")[:1]
        if not preferred or preferred[0].schema is None:
            return []
        facts = Facts.of(preferred[0].schema)
        for _, branches in facts.choices():
            if len(branches) == 1:
                facts = Facts.of(preferred[0].schema, *branches)
        return [
            name for name, parts in facts.properties.items() if not Facts.of(*parts).any("readOnly")
        ]

    def _good(self, operation: Operation) -> list[tuple[str, Node]]:
        good = [(s, node) for s, node in operation.responses if s.startswith("2")]
        return good or [(s, node) for s, node in operation.responses if s == "default"]

    def _answers(
        self, operation: Operation, streaming: bool
    ) -> list[tuple[int, Media | None, Node]]:
        found: list[tuple[int, Media | None, Node]] = []
        for status, node in self._good(operation):
            number = int(status) if status.isdigit() else 200
            every = medias_of(node)
            medias = [media for media in every if bool(stream_of(media.name)) == streaming]
            if every and not medias:
                continue
            found.extend((number, media, node) for media in medias)
            if not medias:
                found.append((number, None, node))
        return found or [(204, None, operation.node)]

    def _sent(
        self,
        operation: Operation,
        signature: Signature,
        parameters: Sequence[Node],
        medias: Sequence[Media],
        number: int,
    ) -> Sent:
        variant = number % self.variants
        keywords: dict[str, Any] = {}
        values: dict[Wanted, Any] = {}
        for parameter in parameters:
            wanted = Wanted(parameter.fact("in"), parameter.fact("name"))
            if wanted not in signature.arguments:
                continue
            if not variant and not parameter.fact("required"):
                continue
            value = self._parameter(parameter, variant)
            values[wanted] = value
            keywords[signature.arguments[wanted]] = value
        if signature.keyed and number % 2:
            keywords["idempotency_key"] = f"key-{number}"
        if not medias or (not variant and not operation.body_required):
            return Sent(keywords, values, None, None)
        media = medias[number % len(medias)]
        binary = media.kind in ("multipart", "bytes")
        maker = self._maker("request", variant, binary=binary)
        body = b"\x00\xff" if media.schema is None else maker.make(media.schema, name="body")
        if media.schema is None and media.kind in ("json", "text"):
            body = "text"
        if body is None and media.schema is not None:
            # As an argument, None stands for no body at all.
            body = self._maker("request", 1, binary=binary).make(media.schema, name="body")
        if signature.media:
            keywords[signature.media] = media.name
        if signature.whole_body:
            keywords[signature.whole_body] = body
            return Sent(keywords, values, media, body)
        if isinstance(body, dict):
            known = {w.wire: name for w, name in signature.arguments.items() if w.place == "body"}
            more = {wire: value for wire, value in body.items() if wire not in known}
            body = {wire: value for wire, value in body.items() if wire in known}
            keywords.update({known[wire]: value for wire, value in body.items()})
            if signature.more and more:
                keywords[signature.more] = more
                body |= more
        return Sent(keywords, values, media, body)

    def _parameter(self, parameter: Node, variant: int) -> Any:
        place = parameter.fact("in")
        schema = parameter.get("schema")
        if schema is None:
            (media,) = medias_of(parameter)
            maker = self._maker("request", variant, place="header" if place == "header" else "body")
            return maker.make(media.schema, name=parameter.fact("name")) if media.schema else "x"
        style, explode = style_of(parameter)
        # What a style has no way to escape cannot travel in it.
        avoid = {"spaceDelimited": " +", "pipeDelimited": "|", "label": ".,", "matrix": ";,"}
        maker = self._maker("request", variant, place=place,
            avoid=avoid.get(style, "") + ("," if place == "header" else "")
            + (";=" if place == "header" and explode else ""),
        )  # fmt: skip
        return maker.make(schema, name=parameter.fact("name"))

    def _call(
        self, method: Any, sent: Sent, signature: Signature, asynchronous: bool
    ) -> Callable[..., Awaitable[Any]]:
        keywords = dict(sent.keywords)
        if asynchronous and sent.media is not None and sent.media.schema is not None:
            facts = Facts.of(sent.media.schema)
            if signature.whole_body:
                keywords[signature.whole_body] = typed(sent.body, sent.media.schema)
            else:
                for wanted, name in signature.arguments.items():
                    if (
                        wanted.place == "body"
                        and name in keywords
                        and wanted.wire in facts.properties
                    ):
                        keywords[name] = typed(keywords[name], *facts.properties[wanted.wire])

        async def call(**changed: Any) -> Any:
            given = {**keywords, "max_retries": 0, **changed}
            if asynchronous:
                return await method(**given)
            return await asyncio.to_thread(method, **given)

        return call

    async def _one(
        self,
        operation: Operation,
        verdict: Verdict,
        signature: Signature,
        sent: Sent,
        answer: Answer,
        call: Callable[..., Awaitable[Any]],
    ) -> Any:
        self.server.say(answer)
        verdict.calls += 1
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                result = await call()
            except Exception as error:
                verdict.add(f"raised {type(error).__name__}: {error!s:.300}")
                return _FAILED
        told = any(issubclass(w.category, DeprecationWarning) for w in warned)
        if told != bool(operation.node.fact("deprecated")):
            verdict.add("is deprecated without a warning" if not told else "warns without reason")
        arrived = self.server.arrived
        if len(arrived) != 1:
            verdict.add(f"made {len(arrived)} requests")
        else:
            verdict.add(*self._wire_problems(operation, signature, sent, arrived[0], answer))
        return result

    async def _read_only(
        self, verdict: Verdict, sent: Sent, signature: Signature, method: Any
    ) -> None:
        """Give, in a mapping, what only the server sets: it is refused before anything is sent."""
        if sent.media is None or sent.media.schema is None or not isinstance(sent.body, dict):
            return
        for wire, parts in Facts.of(sent.media.schema).properties.items():
            name = signature.arguments.get(Wanted("body", wire))
            inner = Facts.of(*parts)
            given = sent.body.get(wire)
            sealed = [
                one for one, told in inner.properties.items() if Facts.of(*told).any("readOnly")
            ]
            if name is None or inner.choices() or not isinstance(given, dict) or not sealed:
                continue
            call = self._call(method, sent, signature, False)
            verdict.calls += 1
            try:
                with warnings.catch_warnings(action="ignore"):
                    await call(**{name: {**given, sealed[0]: "given"}})
            except ValueError:
                continue
            except Exception as error:
                verdict.add(f"raised {type(error).__name__} at a readOnly {wire}.{sealed[0]}")
            else:
                verdict.add(f"took a readOnly {wire}.{sealed[0]}")

    # What arrived

    def _wire_problems(
        self,
        operation: Operation,
        signature: Signature,
        sent: Sent,
        arrived: Arrived,
        answer: Answer,
    ) -> Iterator[str]:
        if arrived.method != operation.method:
            yield f"used {arrived.method}"
        request = Request(operation, arrived, self.base)
        if not arrived.target.startswith(self.base) or request.segments is None:
            yield f"went to {arrived.target}, not to {self.base}{operation.path}"
            return
        for parameter in operation.parameters:
            place, name = parameter.fact("in"), parameter.fact("name")
            if place == "header" and name.lower() in _IGNORED | {_KEY}:
                continue
            value = sent.parameters.get(Wanted(place, name))
            schema = parameter.get("schema")
            if value is None and schema is not None:
                value = Facts.of(schema).first("default")
            read = request.read(parameter, value)
            if value is None and read is not None:
                yield f"{place} {name}: was left out, and arrived as {read!r:.100}"
            elif value is not None and not same(text_of(value), read):
                yield f"{place} {name}: {value!r:.100} arrived as {read!r:.100}"
        schemes = self._schemes()
        queries = {s.get("name") for s in schemes.values() if s.get("in") == "query"}
        stray = [p for p in request.unclaimed() if p.partition("=")[0] not in queries]
        if stray:
            yield f"the query holds {stray} beyond its parameters"
        key = arrived.header(_KEY)
        if signature.keyed and not key:
            yield "has no Idempotency-Key"
        if not signature.keyed and key:
            yield "has an Idempotency-Key, which it does not take"
        if "idempotency_key" in sent.keywords and key != sent.keywords["idempotency_key"]:
            yield f"the Idempotency-Key given arrived as {key}"
        accepted = arrived.header("accept") or ""
        media = answer.media.partition(";")[0]
        ranges = (media, f"{media.partition('/')[0]}/*", "*/*")
        if media and not any(
            part.strip().partition(";")[0] in ranges for part in accepted.split(",")
        ):
            yield f"Accept is {accepted!r}, without {media}"
        yield from self._credential_problems(operation, arrived)
        yield from self._body_problems(sent, arrived)

    def _schemes(self) -> dict[str, Mapping[str, Any]]:
        components = self.document.root.get("components")
        if components is None:
            return {}
        return {name: n.solved().value for name, n in components.members("securitySchemes")}

    def _credential_problems(self, operation: Operation, arrived: Arrived) -> Iterator[str]:
        schemes = self._schemes()
        alternatives = operation.security
        if not alternatives or any(not alternative for alternative in alternatives):
            return
        for alternative in alternatives:
            if all(_met(schemes.get(name, {}), arrived) for name in alternative):
                return
        needed = " or ".join("+".join(alternative) for alternative in alternatives)
        yield f"credentials: none of {needed} arrived"

    def _body_problems(self, sent: Sent, arrived: Arrived) -> Iterator[str]:
        media = sent.media
        announced = arrived.header("content-type")
        if media is None:
            # An optional object may come as an empty one, but not with defaults in it.
            if arrived.content not in (b"", b"{}"):
                yield f"sent a body: {arrived.content!r:.60}"
            return
        plain_name = media.name.partition(";")[0].strip().lower()
        if media.name == "*/*":
            plain_name = "application/json"
        said = (announced or "").partition(";")[0].strip().lower()
        if said != plain_name and not plain_name.endswith("/*"):
            yield f"Content-Type is {announced}, not {media.name}"
            return
        schema = media.schema
        match media.kind:
            case "json":
                try:
                    data = json.loads(arrived.content)
                except ValueError:
                    yield f"the body is not JSON: {arrived.content!r:.60}"
                    return
                if schema is None:
                    return
                yield from self.rules.problems(schema, data, "request")
                yield from _missing(sent.body, data, schema)
            case "form":
                back = read_form(arrived.content, media.node, sent.body)
                yield from _missing(text_of(sent.body), back, schema, loose=True)
            case "multipart":
                yield from self._multipart_problems(sent, media, arrived, announced or "")
            case "text":
                if arrived.content.decode() != text_of(sent.body):
                    yield f"the text arrived as {arrived.content!r:.60}"
            case _:
                expected = sent.body if isinstance(sent.body, bytes) else str(sent.body).encode()
                if arrived.content != expected:
                    yield f"the bytes arrived as {arrived.content!r:.60}"

    def _multipart_problems(
        self, sent: Sent, media: Media, arrived: Arrived, announced: str
    ) -> Iterator[str]:
        parts = read_multipart(arrived.content, announced)
        encoding = media.node.fact("encoding") or {}
        for name, value in sent.body.items():
            values = value if isinstance(value, list) else [value]
            found = parts.get(name, [])
            if len(found) == 1 and len(values) != 1:
                values = [value]
            if len(found) != len(values):
                yield f"part {name}: {len(values)} were sent, {len(found)} arrived"
                continue
            for part, item in zip(found, values, strict=True):
                payload = part.get_payload(decode=True)
                assert isinstance(payload, bytes)
                wanted = str((encoding.get(name) or {}).get("contentType", "")).partition(",")[0]
                if (
                    wanted
                    and "*" not in wanted
                    and part.get_content_type() != wanted.partition(";")[0]
                ):
                    yield f"part {name}: is {part.get_content_type()}, not {wanted}"
                if isinstance(item, bytes):
                    if payload != item:
                        yield f"part {name}: arrived as {payload!r:.60}"
                elif isinstance(item, (dict, list)) or "json" in wanted:
                    if not same(text_of(json.loads(payload)), text_of(item)):
                        yield f"part {name}: arrived as {payload!r:.60}"
                elif not same(text_of(item), payload.decode()):
                    yield f"part {name}: arrived as {payload!r:.60}"
        stray = parts.keys() - sent.body.keys()
        for name in stray:
            if media.schema is None or not _filled_in(Facts.of(media.schema), name):
                yield f"part {name} was not sent and arrived"

    # What came back

    def _response(self, media: Media | None, number: int) -> Any:
        if media is None:
            return None
        if stream_of(media.name):
            schema = item_schema(media.node)
            if schema is None:
                return ["one", "two\nlines"]
            maker = self._maker("response", number)
            return [maker.make(schema, name="item") for _ in range(3)]
        if media.schema is None:
            return {"any": "thing"} if media.kind == "json" else b"\x00\xffbytes"
        binary = media.kind in ("bytes", "multipart")
        if binary:
            return b"\x00\xff%PDF" * 40_000
        return self._maker("response", number).make(media.schema, name="answer")

    def _headers(self, response: Node, number: int) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, given in response.members("headers"):
            header = given.solved()
            schema = header.get("schema")
            if schema is None or name.lower() in ("content-type", "content-length", "location"):
                continue
            value = self._maker("response", number, place="header", avoid=",").make(schema)
            if not isinstance(value, (dict, list)):
                found[name] = str(text_of(value))
        return found

    @staticmethod
    def _answer(status: int, media: Media | None, wire: Any, headers: dict[str, str]) -> Answer:
        if media is None:
            return Answer(status, b"", "", headers)
        if isinstance(wire, list) and stream_of(media.name):
            whole = are_whole_events(item_schema(media.node))
            return Answer(
                status, encoded(media.name, wire, whole_events=whole), media.name, headers
            )
        name = media.name.replace("*/*", "application/json").replace("/*", "/png")
        if media.kind == "json":
            return Answer(status, dumps(wire), name, headers)
        if isinstance(wire, bytes):
            return Answer(status, wire, name, headers)
        text = text_of(wire)
        return Answer(
            status, text.encode() if isinstance(text, str) else dumps(wire), name, headers
        )

    def _result_problems(
        self, result: Any, media: Media | None, wire: Any, headers: Mapping[str, str]
    ) -> Iterator[str]:
        if media is None:
            if result is not None and result != []:
                yield f"nothing was sent and {result!r:.60} was returned"
            return
        if stream_of(media.name):
            schema = item_schema(media.node)
            if len(result) != len(wire):
                yield f"{len(wire)} items came as {len(result)}"
            for came, item in zip(result, wire, strict=False):
                if schema is None:
                    if came != item:
                        yield f"{item!r:.60} came as {came!r:.60}"
                else:
                    yield from self.reader.problems(came, item, schema)
            return
        if media.kind == "json":
            if media.schema is None:
                return
            yield from self.reader.problems(result, wire, media.schema)
            if is_model(result):
                for name, value in headers.items():
                    if result.response.headers.get(name) != value.strip():
                        yield f"response header {name}: {value!r} was read as something else"
        elif isinstance(wire, bytes):
            read = getattr(result, "read", None)
            if (read() if callable(read) else result) != wire:
                yield f"bytes were returned as {result!r:.60}"
        elif media.kind == "text" and media.schema is not None:
            found = list(self.reader.problems(result, wire, media.schema))
            if found and text_of(plain(result)) != text_of(wire):
                yield f"{wire!r:.60} was returned as {result!r:.60}"

    async def _changed(
        self,
        operation: Operation,
        verdict: Verdict,
        signature: Signature,
        sent: Sent,
        call: Callable[..., Awaitable[Any]],
        status: int,
        media: Media,
    ) -> None:
        """Answer with what a newer or a broken server would say."""
        assert media.schema is not None
        full = self._response(media, 1)
        for change in (unknown_fields, unknown_values, missing_fields, nothing_left):
            wire = change(copy.deepcopy(full), media.schema)
            if type(wire) is not type(full) or wire == full:
                continue
            result = await self._one(
                operation, verdict, signature, sent, self._answer(status, media, wire, {}), call
            )
            if result is _FAILED:
                verdict.add(f"the problem above: {change.__name__.replace('_', ' ')}")
                continue
            if not same_json(plain(result), wire):
                verdict.add(f"{change.__name__.replace('_', ' ')}: something was lost")
            verdict.add(*(f"{change.__name__}: {p}" for p in unreadable(result)))

    async def _errors(
        self, operation: Operation, verdict: Verdict, call: Callable[..., Awaitable[Any]]
    ) -> None:
        good = any(status.startswith("2") for status, _ in operation.responses)
        for status, response in operation.responses:
            if status.startswith(("1", "2")) or (status == "default" and not good):
                continue
            number = (
                int(status)
                if status.isdigit()
                else 500
                if status == "default"
                else int(status[0] + "18")
            )
            medias: Sequence[Media | None] = medias_of(response) or [None]
            for media in medias:
                wire = self._response(media, 1)
                verdict.calls += 1
                self.server.say(self._answer(number, media, wire, {}))
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        await call()
                    verdict.add(f"status {number} raised nothing")
                except Exception as error:
                    if getattr(error, "status_code", None) != number:
                        verdict.add(f"status {number} raised {error!r:.200}")
                    elif (
                        isinstance(wire, dict)
                        and media is not None
                        and media.kind == "json"
                        and not same_json(getattr(error, "payload", None), wire)
                    ):
                        verdict.add(f"status {number}: the payload is not what was sent")

    async def _examples(
        self,
        operation: Operation,
        verdict: Verdict,
        signature: Signature,
        sent: Sent,
        call: Callable[..., Awaitable[Any]],
        answers: Sequence[tuple[int, Media | None, Node]],
    ) -> None:
        for status, media, _ in answers:
            if media is None or media.schema is None or media.kind != "json":
                continue
            for example in examples_of(media.node):
                if (
                    isinstance(example, str)
                    and not isinstance(Facts.of(media.schema).types, str)
                    and "string" not in Facts.of(media.schema).types
                ):
                    verdict.skipped += 1
                    continue
                answer = self._answer(status, media, example, {})
                result = await self._one(operation, verdict, signature, sent, answer, call)
                if result is _FAILED:
                    verdict.add("the problem above: with an example of the document")
                elif self.rules.problems(media.schema, example, "response"):
                    verdict.skipped += 1
                    if not same_json(plain(result), example):
                        verdict.add("an example of a response was not read back the same")
                else:
                    verdict.add(*self.reader.problems(result, example, media.schema))
        constant = self.constants.get(str(operation))
        if constant is None:
            return
        declared = {body.media: body.type for body in constant.bodies}
        for media in medias_of(operation.body):
            if media.schema is None or media.kind != "json" or media.name not in declared:
                continue
            for example in examples_of(media.node):
                kind = declared[media.name]
                verdict.calls += 1
                if not same_json(plain(kind.decode(copy.deepcopy(example), _NO_RESPONSE)), example):
                    verdict.add("an example of a body was not read back the same")
                if self.rules.problems(media.schema, example, "request"):
                    verdict.skipped += 1
                    continue
                problems: dict[str, str] = {}
                back = kind.encode(example, "", problems)
                if problems:
                    verdict.add(f"a valid example of a body is refused: {problems}")
                else:
                    verdict.add(*_missing(example, back, media.schema))

    # Webhooks and models

    def _webhooks(self) -> list[Verdict]:
        verdicts = []
        events = self.package.events
        for webhook in self.document.webhooks():
            verdict = Verdict(f"webhook {webhook.path}")
            verdicts.append(verdict)
            medias = [m for m in medias_of(webhook.body) if m.kind == "json" and m.schema]
            for media in medias:
                assert media.schema is not None
                payloads: list[Any] = []
                try:
                    payloads = [
                        self._maker("response", variant).make(media.schema, name="event")
                        for variant in range(self.variants)
                    ]
                except UnmakeableError as error:
                    verdict.add(str(error))
                payloads += list(examples_of(media.node))
                for payload in payloads:
                    if isinstance(payload, dict):
                        self._event(webhook, verdict, events, payload, media.schema)
                    else:
                        verdict.skipped += 1
        return verdicts

    def _event(
        self,
        webhook: Operation,
        verdict: Verdict,
        events: Mapping[str, type[Any]],
        payload: dict[str, Any],
        schema: Node,
    ) -> None:
        verdict.calls += 1
        kinds = self._kinds_of(payload, schema, events)
        cls = next((events[kind] for kind in kinds), events.get(webhook.path))
        if cls is None:
            verdict.add(f"EVENTS has neither a text of the payload nor {webhook.path!r}")
            return
        verdict.name = cls.__name__
        valid = not self.rules.problems(schema, payload, "response")
        event = cls.from_dict(payload)
        if not valid:
            verdict.skipped += 1
        verdict.add(*(self.reader.problems(event, payload, schema) if valid else unreadable(event)))
        if not same_json(event.to_dict(), payload):
            verdict.add("a payload was not read back the same")
        body = dumps(payload)
        utils = self.package.module("utils")
        header = utils.generate_signature(body, "whsec_proof")
        client = self.package.client(self.package.config("http://127.0.0.1:1"))
        named = "name" in inspect.signature(client.construct_event).parameters
        # What no text of the payload tells is told by the webhook's own path or header.
        told = {"name": webhook.path} if named and not kinds else {}
        with client:
            try:
                got = client.construct_event(header, body, **told)
            except Exception as error:
                verdict.add(f"construct_event raised {type(error).__name__}: {error}")
                return
        if valid and type(got) is not cls:
            verdict.add(f"construct_event returned {type(got).__name__}, not {cls.__name__}")
        if not same_json(got.to_dict(), payload):
            verdict.add("construct_event lost something")

    def _kinds_of(
        self, payload: dict[str, Any], schema: Node, events: Mapping[str, type[Any]]
    ) -> list[str]:
        """Return the texts of a payload that its document lists, and that name a kind of event."""
        found = []
        for name, declared in Facts.of(schema).properties.items():
            value = payload.get(name)
            if isinstance(value, str) and value in events:
                listed = Facts.of(*declared).enum
                if listed and value in listed:
                    found.append(value)
        return found

    def _models(self) -> list[Verdict]:
        verdict = Verdict("component schemas")
        models = self.package.models()
        for name, node in self.document.schemas():
            # A name that cannot be told from another's is known by what it was read as.
            cls = self.reader.classes.get(node.uri) or models.get(bare(name))
            cls = cls or models.get(f"model{bare(name)}")
            facts = Facts.of(node)
            if not facts.properties and "object" not in facts.types:
                continue
            if cls is None:
                verdict.add(f"{name} has no model")
                continue
            if not isinstance(cls, type) or not hasattr(cls, "from_dict"):
                continue
            verdict.calls += 1
            if not facts.choices():
                verdict.add(*self._model(name, cls, node))
            for example in schema_examples(node.solved()):
                if not isinstance(example, dict):
                    continue
                if not same_json(cls.from_dict(example).to_dict(), example):
                    verdict.add(f"{name}: its example was not read back the same")
                verdict.add(*(f"{name}: {p}" for p in unreadable(cls.from_dict(example))))
            for wire, parts in facts.properties.items():
                for part in parts:
                    for example in schema_examples(part):
                        verdict.calls += 1
                        verdict.add(*self._property(name, cls, wire, example, part))
        return [verdict] if verdict.calls or verdict.problems else []

    def _model(self, name: str, cls: Any, node: Node) -> Iterator[str]:
        for variant in range(self.variants):
            try:
                wire = self._maker("response", variant).make(node, name=name)
            except UnmakeableError as error:
                yield f"{name}: {error}"
                return
            if not isinstance(wire, dict) or _of_another_kind(node, wire):
                continue
            value = cls.from_dict(wire)
            yield from (
                f"{name}: {p}" for p in self.reader.problems(value, wire, *Facts.of(node).nodes)
            )

    def _property(self, name: str, cls: Any, wire: str, example: Any, part: Node) -> Iterator[str]:
        data = {wire: example}
        value = cls.from_dict(data)
        if not same_json(value.to_dict(), data):
            yield f"{name}.{wire}: its example was not read back the same"
        spec = cls.__fields__.get(wire)
        if spec is None:
            yield f"{name} does not declare {wire!r}"
            return
        try:
            getattr(value, spec.attribute)
        except Exception as error:
            yield f"{name}.{wire}: reading its example raised {error!r:.100}"
        if self.rules.problems(part, example, "request"):
            return
        problems: dict[str, str] = {}
        back = spec.type.encode(copy.deepcopy(example), wire, problems)
        if problems:
            yield f"{name}.{wire}: its valid example {example!r:.60} is refused: {problems}"
        elif next(_missing(example, back, part), None):
            yield f"{name}.{wire}: its example {example!r:.60} is sent as {back!r:.60}"


class _NoResponse:
    request_id = None


_FAILED = object()
_NO_RESPONSE = _NoResponse()


def _of_another_kind(node: Node, wire: Mapping[str, Any]) -> bool:
    from .schemas import children_of

    rule = node.solved().fact("discriminator")
    return bool(rule) and str(wire.get(rule["propertyName"])) in children_of(node.solved())


def _met(scheme: Mapping[str, Any], arrived: Arrived) -> bool:
    authorization = arrived.header("authorization") or ""
    match scheme.get("type"):
        case "apiKey":
            name = str(scheme.get("name"))
            if scheme.get("in") == "header":
                return bool(arrived.header(name))
            if scheme.get("in") == "query":
                return f"{name}=" in arrived.target.partition("?")[2]
            return f"{name}=" in (arrived.header("cookie") or "")
        case "http" if str(scheme.get("scheme")).lower() == "basic":
            kind, _, coded = authorization.partition(" ")
            return kind.lower() == "basic" and b":" in base64.b64decode(coded)
        case "http" | "oauth2" | "openIdConnect":
            return authorization.startswith("Bearer ")
        case _:
            return True


def same_json(left: Any, right: Any) -> bool:
    """Compare JSON data; 1 and 1.0 are the same, true is not 1."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same_json(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_json, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def _filled_in(facts: Facts, name: str) -> bool:
    """Tell whether a property may be sent though nobody gave it: a default, or its only value."""
    inner = Facts.of(*facts.properties.get(name, ()))
    return bool(
        inner.all("default") or inner.all("x-molam-client-default") or len(inner.enum or ()) == 1
    )


def _missing(
    sent: Any, arrived: Any, schema: Node | None, at: str = "body", *, loose: bool = False
) -> Iterator[str]:
    """Yield what of a body arrived otherwise; defaults of the document may have been added."""
    facts = None if schema is None else Facts.of(schema)
    if isinstance(sent, Mapping) and isinstance(arrived, Mapping):
        for name, value in sent.items():
            if name not in arrived:
                # A form has no way to say that a list is empty, and null alone says nothing.
                if value is not None and not (loose and value in ({}, [])):
                    yield f"{at}.{name} did not arrive"
                continue
            inner = facts.properties.get(name) if facts is not None else None
            yield from _missing(
                value, arrived[name], inner[0] if inner else None, f"{at}.{name}", loose=loose
            )
        for name in arrived.keys() - sent.keys():
            branches = [facts] if facts is not None else []
            if facts is not None:
                branches += [Facts.of(b) for _, listed in facts.choices() for b in listed]
            if not any(_filled_in(one, name) for one in branches):
                yield f"{at}.{name} was not sent and arrived as {arrived[name]!r:.60}"
    elif isinstance(sent, list) and isinstance(arrived, list) and len(sent) == len(arrived):
        listed = facts.items if facts is not None else []
        items = listed[0] if listed else None
        for number, (one, other) in enumerate(zip(sent, arrived, strict=True)):
            yield from _missing(one, other, items, f"{at}[{number}]", loose=loose)
    elif not (same(sent, arrived) if loose else same_json(sent, arrived)):
        yield f"{at}: {sent!r:.60} arrived as {arrived!r:.60}"


# What a newer or a broken server says


def unknown_fields(wire: Any, schema: Node) -> Any:
    """Add a field to every object."""
    if isinstance(wire, dict):
        return {
            **{k: unknown_fields(v, schema) for k, v in wire.items()},
            "zz_new": {"a": [1, None]},
        }
    return [unknown_fields(item, schema) for item in wire] if isinstance(wire, list) else wire


def unknown_values(wire: Any, *schemas: Node) -> Any:
    """Put a value that no enum has in place of each value of one."""
    facts = Facts.of(*schemas)
    if isinstance(wire, dict):
        properties = facts.properties
        for _, branches in facts.choices():
            for branch in branches:
                for name, parts in Facts.of(branch).properties.items():
                    properties.setdefault(name, parts)
        return {
            name: unknown_values(item, *properties[name]) if name in properties else item
            for name, item in wire.items()
        }
    if isinstance(wire, list):
        items = facts.items
        return [unknown_values(item, *items) for item in wire] if items else wire
    if facts.enum is not None and isinstance(wire, str):
        return "zz_newer_than_this_sdk"
    return wire


def missing_fields(wire: Any, schema: Node) -> Any:
    """Leave every second field out of every object, the first ones included."""
    if isinstance(wire, dict):
        kept = list(wire.items())[1::2]
        return {name: missing_fields(item, schema) for name, item in kept}
    return [missing_fields(item, schema) for item in wire] if isinstance(wire, list) else wire


def nothing_left(wire: Any, schema: Node) -> Any:
    """Empty the answer."""
    return type(wire)() if isinstance(wire, (dict, list)) else wire


def unreadable(value: Any, at: str = "$") -> Iterator[str]:
    """Read every attribute of a decoded value; only what is missing may say so."""
    if is_model(value):
        data = value.to_dict()
        for wire, spec in type(value).__fields__.items():
            try:
                read = getattr(value, spec.attribute)
            except AttributeError:
                if wire in data or not spec.required:
                    yield f"{at}.{wire}: cannot be read"
                continue
            except Exception as error:
                yield f"{at}.{wire}: reading raised {error!r:.100}"
                continue
            if read is None and data.get(wire) is not None:
                yield f"{at}.{wire}: came, and reads as None"
            yield from unreadable(read, f"{at}.{wire}")
        if not repr(value):
            yield f"{at}: has no repr"
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from unreadable(item, f"{at}.{name}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from unreadable(item, f"{at}[{number}]")
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{at}: is {value}"
    elif (
        not isinstance(value, (str, int, float, Decimal, bytes, type(None)))
        and not hasattr(value, "isoformat")
        and not hasattr(value, "hex")
        and not hasattr(value, "total_seconds")
    ):
        yield f"{at}: is a {type(value).__name__}"
