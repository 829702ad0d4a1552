"""Holding requests to the document: parameters, bodies, and the errors that answer them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, cast
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from molam_overlays.message.media import JSON, bare
from molam_overlays.sandbox.answer import Answer, Asked, Refusal, decode
from molam_overlays.sandbox.document import Document, Operation, Parameter
from molam_overlays.sandbox.formats import FORMATS, WANTED
from molam_overlays.webhook.signature import SIGNATURE_HEADER

URI = "urn:molam:document"
LARGEST_BODY = 1024 * 1024
"""Bytes."""


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterable[ValidationError]:
    # In Python `$` also matches before a final newline; in ECMA 262, which JSON Schema names, not.
    if isinstance(value, str) and not re.search(re.sub(r"(?<!\\)\$$", r"\\Z", pattern), value):
        yield ValidationError(f"does not match {pattern}")


def _is_integer(_: Any, value: object) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (
        isinstance(value, (float, Decimal)) and value == int(value) if value == value else False
    )


def _is_number(_: Any, value: object) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


_Validator: Any = cast("Any", extend)(
    Draft202012Validator,
    {"pattern": _pattern},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer).redefine(
        "number", _is_number
    ),
)


class Contract:
    """The document's rules for requests, and its words for errors."""

    def __init__(self, root: Mapping[str, Any], signature_header: str = SIGNATURE_HEADER) -> None:
        self.document = Document(root)
        self.signature_header = signature_header
        resource = Resource.from_contents(root, default_specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(URI, resource)
        self._validator = cache(self._build)
        self.accepts_null = cache(self._accepts_null)
        """Tells whether the schema at a pointer accepts null."""

    def _build(self, pointer: str) -> Validator:
        made: Validator = _Validator(
            {"$ref": f"{URI}#{_fragment(pointer)}"},
            registry=self._registry,
            format_checker=FORMATS,
        )
        return made

    def _accepts_null(self, pointer: str) -> bool:
        return not self.problems(pointer, None)

    def problems(self, pointer: str, value: Any) -> list[ValidationError]:
        """List what the schema at a pointer has against a value."""
        return list(self._validator(pointer).iter_errors(value))

    def parameters(self, operation: Operation, asked: Asked, path: Mapping[str, str]) -> Values:
        """Decode and check the parameters of a request.

        Raises:
            Refusal: 422, naming the first parameter that is not acceptable.
        """
        query: dict[str, list[str]] = {}
        for name, value in parse_qsl(asked.query, keep_blank_values=True, errors="replace"):
            query.setdefault(name, []).append(value)
        values: Values = {}
        for parameter in operation.parameters:
            if parameter.place == "path":
                raw = [path[parameter.name]] if parameter.name in path else []
            elif parameter.place == "query":
                raw = query.get(parameter.name, [])
            elif parameter.place == "header":
                raw = [
                    value
                    for name, value in asked.headers.pairs
                    if name.lower() == parameter.name.lower()
                ]
            else:
                continue
            if raw:
                values[parameter.name] = self._decoded(parameter, raw)
            elif parameter.required:
                raise Refusal(
                    422, "missing_field", f"{parameter.name} is required.", parameter.name
                )
        return values

    def _decoded(self, parameter: Parameter, raw: list[str]) -> Any:
        _, schema = self.document.resolve(parameter.schema)
        kinds = schema.get("type", ())
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if "array" in kinds:
            value: Any = raw
        elif len(raw) > 1:
            raise Refusal(
                422, "invalid_value", f"{parameter.name} is given more than once.", parameter.name
            )
        else:
            value = _scalar(raw[0], kinds)
        for problem in self.problems(parameter.schema, value):
            raise Refusal(
                422, "invalid_value", f"{parameter.name} {_complaint(problem)}.", parameter.name
            )
        return value

    def body(self, operation: Operation, asked: Asked) -> Any:
        """Decode and check the body of a request; None if it has none.

        Raises:
            Refusal: 400 when it is not JSON, 422 naming the first field that is not acceptable.
        """
        if operation.body is None:
            return None
        if not asked.body:
            if operation.body_required:
                raise Refusal(400, "missing_body", "A JSON body is required; the body is empty.")
            return None
        if len(asked.body) > LARGEST_BODY:
            raise Refusal(400, "body_too_large", f"The body is over {LARGEST_BODY} bytes.")
        kind = asked.headers.get("Content-Type", JSON)
        if bare(kind) != JSON:
            raise Refusal(
                400,
                "unsupported_media_type",
                f"The body must be JSON: send the header Content-Type: {JSON}.",
            )
        try:
            body = decode(asked.body.decode("utf-8"))
            _refuse_surrogates(body)
        except (ValueError, RecursionError):
            raise Refusal(400, "malformed_body") from None
        problems = self.problems(operation.body, body)
        if problems:
            raise self._refusal(min(problems, key=_place))
        return body

    def _refusal(self, problem: ValidationError) -> Refusal:
        problem = self._innermost(problem)
        path = [str(step) for step in problem.absolute_path]
        code = "invalid_value"
        if problem.validator == "required":
            missing = next(
                name
                for name in cast("list[str]", problem.validator_value)
                if name not in cast("Any", problem.instance)
            )
            path.append(missing)
            code = "missing_field"
        param = ".".join(path)
        return Refusal(
            422, code, f"{param or 'The body'} {_complaint(problem)}.", param[:255] or None
        )

    def _innermost(self, problem: ValidationError) -> ValidationError:
        """Find the error that matters behind a union: that of the variant that was meant."""
        schema = cast("Any", problem.schema)
        if problem.validator not in {"oneOf", "anyOf"}:
            return problem
        tag = schema.get("discriminator", {}).get("propertyName")
        if tag is None or not isinstance(problem.instance, dict):
            return problem
        told = cast("dict[str, Any]", problem.instance).get(tag)
        mapping = cast("dict[str, str]", schema["discriminator"].get("mapping", {}))
        if not isinstance(told, str) or told not in mapping:
            known = ", ".join(mapping)
            return ValidationError(
                f"must be one of {known}",
                validator="enum" if tag in problem.instance else "required",
                validator_value=list(mapping) if tag in problem.instance else [tag],
                path=[tag] if tag in problem.instance else [],
                instance=problem.instance,
                schema=schema,
                parent=problem,
            )
        for inner in self.problems(mapping[told].removeprefix("#"), problem.instance):
            inner.parent = problem
            return self._innermost(inner)
        return problem

    def error(self, operation: Operation | None, refusal: Refusal) -> Answer:
        """Word an error as the document does: type and message from its examples."""
        detail = self._wording(operation, refusal.status, refusal.code)
        detail["code"] = refusal.code
        detail["param"] = refusal.param
        if refusal.message is not None:
            detail["message"] = refusal.message
        headers = dict(refusal.headers)
        if refusal.status == 429:
            headers.setdefault("Retry-After", "1")
        return Answer(refusal.status, {"error": detail}, headers)

    def _wording(self, operation: Operation | None, status: int, code: str) -> dict[str, Any]:
        """Return the document's example for a code, or for its status when it has none."""
        best: dict[str, Any] | None = None
        for pointer in self._responses(operation, status):
            _, response = self.document.resolve(pointer)
            for media in response.get("content", {}).values():
                for example in media.get("examples", {}).values():
                    detail = dict(example["value"]["error"])
                    if detail["code"] == code:
                        return detail
                    best = best or detail
        if best is not None:
            return {**best, "message": f"The request failed: {code.replace('_', ' ')}."}
        family = "invalid_request_error" if status < 500 else "api_error"
        return {"type": family, "code": code, "message": f"The request failed: {code}."}

    def _responses(self, operation: Operation | None, status: int) -> list[str]:
        keys = (str(status), f"{status // 100}XX", "default")
        found = [operation.errors[key] for key in keys if operation and key in operation.errors]
        # What the operation does not document is worded as elsewhere in the document.
        for other in self.document.operations:
            found.extend(other.errors[key] for key in keys if key in other.errors)
        return list(dict.fromkeys(found))


Values = dict[str, Any]
"""Decoded parameters by their wire name."""


def _fragment(pointer: str) -> str:
    return pointer.replace("%", "%25").replace("{", "%7B").replace("}", "%7D").replace("^", "%5E")


def _scalar(text: str, kinds: Iterable[str]) -> Any:
    if "integer" in kinds and re.fullmatch(r"-?(0|[1-9][0-9]{0,400})", text):
        return int(text)
    if "number" in kinds and re.fullmatch(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?", text):
        return Decimal(text)
    if "boolean" in kinds and text in {"true", "false"}:
        return text == "true"
    return text


def _refuse_surrogates(value: Any) -> None:
    """Refuse half a surrogate pair: valid JSON, but no Unicode text (RFC 8259 section 8.2)."""
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, list):
        for each in value:
            _refuse_surrogates(each)
    elif isinstance(value, dict):
        for name, each in cast("dict[str, Any]", value).items():
            name.encode()
            _refuse_surrogates(each)


def _place(problem: ValidationError) -> tuple[int, list[str]]:
    return len(problem.absolute_path), [str(step) for step in problem.absolute_path]


_TYPES = {
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


def _complaint(problem: ValidationError) -> str:
    """Say what a value breaks, without repeating the value."""
    limit: Any = problem.validator_value
    match problem.validator:
        case "required":
            return "is required"
        case "type":
            kinds = [limit] if isinstance(limit, str) else limit
            return "must be " + " or ".join(_TYPES[kind] for kind in kinds)
        case "minimum":
            return f"must be at least {limit}"
        case "maximum":
            return f"must be at most {limit}"
        case "exclusiveMinimum":
            return f"must be greater than {limit}"
        case "exclusiveMaximum":
            return f"must be less than {limit}"
        case "multipleOf":
            return f"must be a multiple of {limit}"
        case "minLength":
            return f"must have at least {_count(limit, 'character')}"
        case "maxLength":
            return f"must have at most {_count(limit, 'character')}"
        case "minItems":
            return f"must have at least {_count(limit, 'item')}"
        case "maxItems":
            return f"must have at most {_count(limit, 'item')}"
        case "maxProperties":
            return f"must have at most {_count(limit, 'key')}"
        case "minProperties":
            return f"must have at least {_count(limit, 'key')}"
        case "pattern":
            return f"must match {limit}"
        case "format":
            return f"must be {WANTED.get(limit, f'a {limit}')}"
        case "enum":
            return "must be one of " + ", ".join(str(each) for each in limit)
        case "const":
            return f"must be {limit}"
        case _:
            return "is not acceptable: see the document"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
