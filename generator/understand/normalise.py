"""Bring a document into normal form: nothing behind a reference but named schemas.

Parameters, bodies, responses, headers and path items are resolved where they are used. Inline
schemas that deserve a Python name of their own are hoisted, under names made of where they stand,
so that the names are stable as long as the document's own names are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import attrs

from generator.read import pointer as pointers
from generator.read.document import Document, DocumentError
from generator.understand.allof import DEEPEST
from generator.understand.api import Api, Body, Media, Operation, Parameter, Response
from generator.understand.keywords import (
    ANNOTATIONS,
    KEYWORDS,
    UNCHECKED,
    annotations_of,
    facts_of,
    is_annotation,
    tightest,
    type_meant,
)
from generator.understand.paths import is_json
from generator.understand.schema import Kind, Named, Schema, Tag
from generator.understand.schemas import Schemas, identity
from generator.understand.values import distinct, fits, same
from generator.understand.variants import with_kinds

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
COMPOSED: Final = ("allOf", "oneOf", "anyOf")
REFUSED: Final = ("$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor")
PLACE: Final = frozenset({"default", "deprecated", "readOnly", "writeOnly", "nullable"})
"""Annotations that belong to the place where a schema stands, not to the schema itself."""
OF_PARTS: Final = frozenset(
    {"properties", "required", "additionalProperties", "patternProperties", "discriminator"}
)
ONLY_REQUIRED: Final = frozenset({"required", "description", "title", "type"})


def normalise(document: Document) -> Api:
    """Bring a document into normal form.

    Raises:
        DocumentError: something in it cannot be emitted.
    """
    return _Normaliser(document).api()


class _Normaliser:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.named: dict[str, Named] = {}
        self.raw: dict[str, Any] = {}
        self.settling: list[str] = []
        self.todo: list[str] = []
        self.three_zero = document.version == "3.0"
        self.schemas = Schemas(self.settled)

    # The document

    def api(self) -> Api:
        root = self.document.root
        components = root.get("components") or {}
        for name, value in (components.get("schemas") or {}).items():
            self.register(pointers.make(["components", "schemas", name]), value, name, True)
        operations = tuple(self.operations(root.get("paths") or {}, "/paths", ""))
        webhooks = tuple(self.operations(root.get("webhooks") or {}, "/webhooks", ""))
        while self.todo:
            self.settle(self.todo.pop(0))
        for key in self.named:
            self.check_end(key)
        self.prune(operations, webhooks)
        return Api(
            document=self.document,
            info=root.get("info") or {},
            servers=tuple(root.get("servers") or ()),
            tags={tag["name"]: tag for tag in root.get("tags") or ()},
            operations=operations,
            webhooks=webhooks,
            named=with_kinds(self.named, self.document),
            security_schemes={
                name: self.resolve(value, pointers.join("/components/securitySchemes", name))[0]
                for name, value in (components.get("securitySchemes") or {}).items()
            },
            security=tuple(root.get("security") or ()),
        )

    def prune(self, operations: Iterable[Operation], webhooks: Iterable[Operation]) -> None:
        """Forget hoisted schemas that something else was made of in the end."""
        todo = [named.schema for named in self.named.values() if named.component]
        calls = [*operations, *webhooks]
        for call in [*calls, *(inner for outer in calls for inner in outer.callbacks)]:
            todo += [parameter.schema for parameter in call.parameters]
            todo += [
                media.schema
                for holder in (call.body, *call.responses)
                for media in (holder.media if holder else ())
                if media.schema is not None
            ]
            todo += [header.schema for answer in call.responses for header in answer.headers]
        used: set[str] = set()
        while todo:
            part = todo.pop()
            keys = [part.target, part.base, *(part.tag.members.values() if part.tag else ())]
            for key in keys:
                if key and key not in used:
                    used.add(key)
                    todo.append(self.named[key].schema)
            todo.extend(part.parts())
        for key, named in list(self.named.items()):
            if not named.component and key not in used:
                del self.named[key]

    def refuse(self, what: str, at: str, advice: str) -> DocumentError:
        return self.document.error(what, at, advice)

    def resolve(self, value: Any, at: str) -> tuple[Any, str]:
        """Follow references; return the object and where it stands."""
        found, found_at = self.document.follow(value, at)
        if found is not value:
            # A reference may override summary and description (OpenAPI 3.1, Reference Object).
            said = {name: value[name] for name in ("summary", "description") if name in value}
            found = {**found, **said}
        return found, found_at

    def operations(self, items: Mapping[str, Any], at: str, prefix: str) -> Iterable[Operation]:
        for path, raw in items.items():
            if path.startswith("x-"):
                continue
            own = pointers.join(at, path)
            item, item_at = self.resolve(raw, own)
            for method in item:
                if method in METHODS:
                    yield self.operation(
                        item[method], pointers.join(item_at, method), method, path, item, item_at
                    )

    def operation(
        self,
        raw: Mapping[str, Any],
        at: str,
        method: str,
        path: str,
        item: Mapping[str, Any],
        item_at: str,
    ) -> Operation:
        identifier = str(raw.get("operationId") or f"{method} {path}")
        words = identifier
        parameters: dict[tuple[str, str], Parameter] = {}
        for owner, owner_at in ((item, item_at), (raw, at)):
            for index, value in enumerate(owner.get("parameters") or ()):
                parameter = self.parameter(
                    value, pointers.join(owner_at, "parameters", index), words
                )
                parameters[parameter.name, parameter.location] = parameter
        body = None
        if "requestBody" in raw:
            body = self.body(raw["requestBody"], pointers.join(at, "requestBody"), words)
        answers = raw.get("responses") or {}
        successes = [status for status in answers if status.startswith("2")]
        responses = tuple(
            self.response(
                value,
                pointers.join(at, "responses", status),
                status,
                f"{words} response" if [status] == successes else f"{words} response {status}",
            )
            for status, value in answers.items()
            if not status.startswith("x-")
        )
        callbacks: list[Operation] = []
        for name, value in (raw.get("callbacks") or {}).items():
            called, called_at = self.resolve(value, pointers.join(at, "callbacks", name))
            for expression, called_item in called.items():
                if expression.startswith("x-"):
                    continue
                one, one_at = self.resolve(called_item, pointers.join(called_at, expression))
                callbacks.extend(
                    self.operation(
                        {"operationId": f"{words} {name}", **one[verb]},
                        pointers.join(one_at, verb),
                        verb,
                        name,
                        one,
                        one_at,
                    )
                    for verb in METHODS
                    if verb in one
                )
        security = raw.get("security")
        return Operation(
            at=at,
            id=identifier,
            method=method,
            path=path,
            facts=raw,
            parameters=tuple(parameters.values()),
            body=body,
            responses=responses,
            security=None if security is None else tuple(security),
            servers=tuple(raw.get("servers") or item.get("servers") or ()),
            callbacks=tuple(callbacks),
        )

    def parameter(self, raw: Any, at: str, words: str, header: str = "") -> Parameter:
        value, at = self.resolve(raw, at)
        name = header or value["name"]
        schema: Any = value.get("schema", True)
        schema_at = pointers.join(at, "schema")
        json = False
        if "content" in value:
            ((media, content),) = value["content"].items()
            if not is_json(media):
                raise self.refuse(
                    f"The parameter {name} has content of type {media}",
                    pointers.join(at, "content"),
                    "Use application/json, or a schema with a style",
                )
            json = True
            schema = content.get("schema", True)
            schema_at = pointers.join(at, "content", media, "schema")
        shared = at.startswith("/components/")
        words = pointers.split(at)[-1] if shared and not header else f"{words} {name}"
        return Parameter(
            at=at,
            name=name,
            location="header" if header else value["in"],
            schema=self.placed(schema, schema_at, words),
            required=bool(value.get("required", False)),
            style=value.get("style"),
            explode=value.get("explode"),
            allow_reserved=bool(value.get("allowReserved", False)),
            json=json,
            facts=value,
        )

    def body(self, raw: Any, at: str, words: str) -> Body:
        value, at = self.resolve(raw, at)
        content = value.get("content") or {}
        return Body(
            at=at,
            required=bool(value.get("required", False)),
            description=str(value.get("description") or ""),
            media=self.media(content, pointers.join(at, "content"), f"{words} request"),
        )

    def response(self, raw: Any, at: str, status: str, words: str) -> Response:
        value, at = self.resolve(raw, at)
        return Response(
            at=at,
            status=status if status == "default" else status.upper(),
            description=str(value.get("description") or ""),
            media=self.media(value.get("content") or {}, pointers.join(at, "content"), words),
            headers=tuple(
                self.parameter(header, pointers.join(at, "headers", name), words, name)
                for name, header in (value.get("headers") or {}).items()
                # OpenAPI has this one described by the media types instead.
                if name.lower() != "content-type"
            ),
            links=tuple(value.get("links") or ()),
        )

    def media(self, content: Mapping[str, Any], at: str, words: str) -> tuple[Media, ...]:
        found: list[Media] = []
        for media, value in content.items():
            own = pointers.join(at, media)
            schema = value.get("schema")
            suffix = f" {media.partition('/')[2]}" if len(content) > 1 and found else ""
            found.append(
                Media(
                    at=own,
                    media=media,
                    schema=None
                    if schema is None
                    else self.placed(schema, pointers.join(own, "schema"), words + suffix),
                    encoding=value.get("encoding") or {},
                )
            )
        return tuple(found)

    # Named schemas

    def register(self, key: str, raw: Any, words: str, component: bool = False) -> Named:
        named = self.named.get(key)
        if named is None:
            named = self.named[key] = Named(key=key, words=words, component=component)
            self.raw[key] = raw
            self.todo.append(key)
        return named

    def endless(self, key: str) -> DocumentError:
        return self.refuse(
            f"The schema {self.named[key].words} is made of itself by allOf or $ref alone",
            key,
            "Refer back to it from a property or from items instead",
        )

    def check_end(self, key: str) -> None:
        """Refuse a schema that is another name of another name, and so on, without end."""
        seen = {key}
        schema = self.named[key].schema
        while schema.kind == "ref":
            if schema.target in seen:
                raise self.endless(key)
            seen.add(schema.target)
            schema = self.named[schema.target].schema

    def settle(self, key: str) -> Schema:
        """Return the normal form of a named schema."""
        named = self.named[key]
        if named.form is None:
            if key in self.settling:
                raise self.endless(key)
            self.settling.append(key)
            named.form = self.schema(self.raw[key], key, named.words)
            self.settling.pop()
        return named.schema

    def settled(self, key: str) -> Named:
        """Return a named schema whose normal form is known."""
        self.settle(key)
        return self.named[key]

    def reference(self, ref: str, at: str) -> str:
        """Return the key of the schema a reference names."""
        target = self.document.resolve(ref, at)
        if target not in self.named:
            value = self.document.at(target)
            tokens = pointers.split(target)
            skip = {
                "components", "schemas", "properties", "schema", "content", "paths", "$defs",
                "definitions", "application/json", "requestBodies", "responses",
            }  # fmt: skip
            words = [token for token in tokens if token not in skip]
            self.register(target, value, " ".join(words) or "document")
        return target

    def hoist(self, schema: Schema, words: str, owner: str = "") -> Schema:
        """Give a schema a name of its own where it deserves one."""
        if not self.deserves_name(schema):
            return schema
        named = self.named.get(schema.at)
        if named is None:
            kept = {k: v for k, v in schema.facts.items() if k not in PLACE}
            named = self.named[schema.at] = Named(
                key=schema.at,
                words=words,
                owner=owner if schema.kind == "enum" else "",
                form=attrs.evolve(schema, nullable=False, facts=kept),
            )
        return Schema(
            at=schema.at,
            kind="ref",
            target=named.key,
            nullable=schema.nullable,
            facts=annotations_of(schema.facts),
        )

    def deserves_name(self, schema: Schema) -> bool:
        if schema.kind == "object":
            return True
        if schema.kind == "enum":
            return len(schema.values) > 1 and all(type(v) in (str, int) for v in schema.values)
        if schema.kind == "union":
            return any(part.kind in ("ref", "enum", "array", "map") for part in schema.members)
        return False

    def placed(self, raw: Any, at: str, words: str, owner: str = "") -> Schema:
        """Return the normal form of a schema below another one."""
        named = self.named.get(at)
        if named is not None:
            # Something refers to this very place: it has a name already.
            return Schema(at=at, kind="ref", target=at)
        return self.hoist(self.schema(raw, at, words), words, owner)

    # Schemas

    def schema(self, raw: Any, at: str, words: str) -> Schema:
        """Return the normal form of one schema, without a name for itself."""
        if raw is True:
            return Schema(at=at, kind="any")
        if raw is False:
            raise self.refuse(
                "The schema false allows no value at all", at, "Leave the property out"
            )
        if not isinstance(raw, Mapping):
            raise self.refuse("A schema is an object or a boolean", at, "Correct the schema")
        for word in REFUSED:
            if word in raw:
                raise self.refuse(f"{word} is not supported", at, "Use $ref")
        ref = raw.get("$ref")
        if ref is not None and self.three_zero:
            # OpenAPI 3.0 ignores what stands beside $ref; the description does no harm.
            raw = {k: v for k, v in raw.items() if k in ("$ref", "description", "summary")}
        own = {k: v for k, v in raw.items() if k != "$ref" and k not in COMPOSED}
        shape = [k for k in own if not is_annotation(k)]
        parts: list[Schema] = []
        if ref is not None:
            parts.append(Schema(at=at, kind="ref", target=self.reference(str(ref), at)))
        for index, part in enumerate(raw.get("allOf") or ()):
            parts.append(self.schema(part, pointers.join(at, "allOf", index), words))
        for keyword in ("oneOf", "anyOf"):
            if keyword in raw:
                parts.append(self.union(raw, keyword, at, words))
        if not parts:
            return self.plain(own, at, words)
        said = annotations_of(own)
        if "discriminator" in own and any(part.kind == "union" for part in parts):
            shape = [k for k in shape if k != "discriminator"]
            own = {k: v for k, v in own.items() if k != "discriminator"}
        if shape == ["type"] and len(parts) == 1 and own["type"] == "object":
            shape = []
        if shape:
            parts.insert(0, self.plain(own, at, words))
        combined = parts[0] if len(parts) == 1 else self.combine(parts, at, words)
        facts = {**combined.facts, **said}
        nullable = combined.nullable or bool(own.get("nullable"))
        return attrs.evolve(combined, at=at, facts=facts, nullable=nullable)

    def plain(self, raw: Mapping[str, Any], at: str, words: str) -> Schema:
        """Return the normal form of a schema without composition."""
        nullable = bool(raw.get("nullable"))
        values: tuple[Any, ...] | None = None
        if "const" in raw:
            values = (raw["const"],)
        elif "enum" in raw:
            values = distinct(raw["enum"])
        kinds = raw.get("type")
        types: list[str] = [kinds] if isinstance(kinds, str) else list(kinds or ())
        if "null" in types:
            types.remove("null")
            nullable = True
            if not types:
                return Schema(at=at, kind="null", facts=raw, nullable=True)
        if values is not None:
            if None in values:
                nullable = True
                values = tuple(value for value in values if value is not None)
                if not values:
                    return Schema(at=at, kind="null", facts=raw, nullable=True)
            if types and not any(fits(value, one) for value in values for one in types):
                raise self.refuse(
                    f"No value of enum or const is of the type {' or '.join(types)}",
                    at,
                    "Correct the type or the values",
                )
            return Schema(at=at, kind="enum", facts=raw, nullable=nullable, values=values)
        if not types:
            meant = type_meant(raw)
            if not meant:
                return Schema(at=at, kind="any", facts=raw, nullable=nullable)
            types = [meant]
        if "integer" in types and "number" in types:
            types.remove("integer")
        if len(types) > 1 and "number" in types and raw.get("format") != "decimal":
            # Mixed with other types a number is plain JSON: whole ones stay int, others float.
            types.insert(types.index("number"), "integer")
            raw = {"format": "double", **raw}
        if len(types) > 1:
            members = tuple(
                self.hoist(
                    attrs.evolve(
                        self.plain({**facts_of(raw, one), "type": one}, at, f"{words} {one}"),
                        # One place, several schemas: the place itself is the union's.
                        at=pointers.join(at, "*", one),
                    ),
                    f"{words} {one}",
                )
                for one in types
            )
            return Schema(
                at=at, kind="union", facts=annotations_of(raw), nullable=nullable, members=members
            )
        (kind,) = types
        if kind == "object":
            return self.object(raw, at, words, nullable)
        if kind == "array":
            return self.array(raw, at, words, nullable)
        if kind not in ("string", "integer", "number", "boolean"):
            raise self.refuse(
                f"There is no type {kind!r}",
                pointers.join(at, "type"),
                "Use object, array, string, number, integer, boolean or null",
            )
        if kind == "integer":
            # 1.0 is an integer to JSON Schema, and no int to Python.
            raw = {
                name: int(fact) if isinstance(fact, float) and fact.is_integer() else fact
                for name, fact in raw.items()
            }
        leaf: Kind = kind  # type: ignore[assignment]  # one of the four above
        return Schema(at=at, kind=leaf, facts=raw, nullable=nullable)

    def array(self, raw: Mapping[str, Any], at: str, words: str, nullable: bool) -> Schema:
        listed = raw.get("prefixItems")
        items = raw.get("items", True)
        place = pointers.join(at, "items")
        if isinstance(items, list):
            listed, items = items, raw.get("additionalItems", True)
            item = self.union({"anyOf": listed}, "anyOf", at, f"{words} item", place)
        elif listed:
            item = self.union(
                {"anyOf": [*listed, *([items] if items is not False else [])]},
                "anyOf",
                at,
                f"{words} item",
                pointers.join(at, "prefixItems"),
            )
        else:
            item = self.schema(items, place, f"{words} item")
        return Schema(
            at=at,
            kind="array",
            facts=raw,
            nullable=nullable,
            item=self.hoist(item, f"{words} item"),
        )

    def object(self, raw: Mapping[str, Any], at: str, words: str, nullable: bool) -> Schema:
        extra: Schema | bool = True
        declared = False
        for keyword in ("additionalProperties", "unevaluatedProperties"):
            given = raw.get(keyword, True)
            if given is False:
                extra, declared = False, True
            elif given not in (True, {}) and not declared:
                place = pointers.join(at, keyword)
                extra, declared = self.placed(given, place, f"{words} value"), True
            elif keyword in raw and given is not False:
                declared = declared or bool(raw.get("properties"))
        patterns = {
            pattern: self.placed(
                part, pointers.join(at, "patternProperties", pattern), f"{words} value"
            )
            for pattern, part in (raw.get("patternProperties") or {}).items()
        }
        names = None
        if isinstance(raw.get("propertyNames"), Mapping):
            names = self.schema(
                {"type": "string", **raw["propertyNames"]}
                if "$ref" not in raw["propertyNames"]
                else raw["propertyNames"],
                pointers.join(at, "propertyNames"),
                f"{words} name",
            )
        properties = {
            name: self.placed(
                part, pointers.join(at, "properties", name), f"{words} {name}", owner=at
            )
            for name, part in (raw.get("properties") or {}).items()
            if part is not False
        }
        required = frozenset(raw.get("required") or ())
        rules: list[tuple[str, Any]] = []
        for name, needed in (raw.get("dependentRequired") or {}).items():
            rules.append(("dependent_required", (name, tuple(needed))))
        for name in sorted(required - properties.keys()):
            # Required, yet nowhere described: any value will do.
            properties[name] = Schema(at=pointers.join(at, "required"), kind="any")
        shaped = bool(properties) or "discriminator" in raw
        if shaped and patterns and extra is False:
            rules.append(("names_match", (tuple(patterns), tuple(properties))))
        for keyword in ("minProperties", "maxProperties"):
            if keyword in raw and shaped:
                rules.append((KEYWORDS[keyword].argument, raw[keyword]))
        return Schema(
            at=at,
            kind="object" if shaped or (extra is False and not patterns) else "map",
            facts=raw,
            nullable=nullable,
            properties=properties,
            required=required,
            extra=extra,
            extra_declared=declared,
            patterns=patterns,
            names=names,
            rules=tuple(rules),
        )

    # Composition

    def union(
        self, raw: Mapping[str, Any], keyword: str, at: str, words: str, place: str = ""
    ) -> Schema:
        place = place or pointers.join(at, keyword)
        listed = raw[keyword]
        nullable = False
        members: list[Schema] = []
        alternatives: list[tuple[str, ...]] = []
        for index, part in enumerate(listed):
            own = pointers.join(place, index)
            if isinstance(part, Mapping) and set(part) <= ONLY_REQUIRED and "required" in part:
                alternatives.append(tuple(part["required"]))
                continue
            if part is False:
                continue
            title = part.get("title") if isinstance(part, Mapping) else None
            inner = f"{words} {title}" if isinstance(title, str) else f"{words} option {index + 1}"
            member = self.schema(part, own, inner)
            nullable = nullable or member.nullable
            if member.kind == "null":
                continue
            member = attrs.evolve(member, nullable=False)
            if member.kind == "union" and member.tag is None:
                members.extend(member.members)
            else:
                members.append(self.hoist(member, inner) if member.kind != "enum" else member)
        rules: tuple[tuple[str, Any], ...] = ()
        if alternatives:
            if members:
                raise self.refuse(
                    f"Some members of {keyword} only say what is required, others say more",
                    place,
                    "Write each member as a whole schema",
                )
            name = "one_of_required" if keyword == "oneOf" else "any_of_required"
            return Schema(at=at, kind="any", rules=((name, tuple(alternatives)),))
        if not members:
            return Schema(at=at, kind="null", nullable=True)
        enums = [m for m in members if m.kind == "enum"]
        if len(enums) > 1:
            merged = attrs.evolve(
                enums[0],
                at=at if len(enums) == len(members) else enums[0].at,
                values=distinct(value for part in enums for value in part.values),
                facts={} if len(enums) == len(members) else enums[0].facts,
            )
            first = members.index(enums[0])
            members = [m for m in members if m.kind != "enum"]
            members.insert(first, merged)
        members = list({identity(member): member for member in reversed(members)}.values())[::-1]
        if len(members) == 1:
            (only,) = members
            return attrs.evolve(only, nullable=nullable or only.nullable, rules=only.rules + rules)
        if any(m.kind == "string" for m in members) and any(m.kind == "enum" for m in members):
            # An open set: known values, and text beside them.
            members.sort(key=lambda m: m.kind != "enum")
        else:
            members = [self.hoist(m, f"{words} option") if m.kind == "enum" else m for m in members]
        tag = self.tag(raw.get("discriminator"), members, pointers.join(at, "discriminator"))
        return Schema(
            at=at, kind="union", nullable=nullable, members=tuple(members), tag=tag, rules=rules
        )

    def tag(self, raw: Any, members: Sequence[Schema], at: str) -> Tag | None:
        keys = [member.target for member in members if member.kind == "ref"]
        if not isinstance(raw, Mapping):
            return self.inferred_tag(members)
        name = str(raw["propertyName"])
        if len(keys) < len(members):
            raise self.refuse(
                "A discriminator needs members that are all objects",
                at,
                "Make each member a $ref to an object, or leave the discriminator out",
            )
        found: dict[str, str] = {}
        for value, ref in (raw.get("mapping") or {}).items():
            target = self.mapped(str(ref), pointers.join(at, "mapping", value))
            found[str(value)] = target
        mapped = set(found.values())
        for key in keys:
            if key in mapped:
                continue
            fixed = self.fixed_values(key, name)
            for value in fixed or (pointers.split(key)[-1],):
                found.setdefault(str(value), key)
        return Tag(name, found)

    def inferred_tag(self, members: Sequence[Schema]) -> Tag | None:
        """Find the one property that tells objects apart by a fixed value, if there is one."""
        keys = [member.target for member in members if member.kind == "ref"]
        if len(keys) < len(members) or len(keys) < 2:
            return None
        schemas = [self.settle_soft(key) for key in keys]
        if any(schema is None or schema.kind != "object" for schema in schemas):
            return None
        first = schemas[0]
        assert first is not None
        for name in self.schemas.properties(first):
            found: dict[str, str] = {}
            for key in keys:
                values = self.fixed_values(key, name)
                if not values or any(value in found for value in values):
                    break
                found.update(dict.fromkeys(values, key))
            else:
                return Tag(name, found)
        return None

    def settle_soft(self, key: str) -> Schema | None:
        """Return the normal form of a named schema, None while it is being worked out."""
        return None if key in self.settling else self.settle(key)

    def fixed_values(self, key: str, name: str) -> tuple[str, ...]:
        """Return the values a property of a named object is limited to, if it is."""
        schema = self.settle_soft(key)
        if schema is None or schema.kind != "object":
            return ()
        prop = self.schemas.properties(schema).get(name)
        if prop is not None and prop.kind == "ref":
            prop = self.settle_soft(prop.target)
        if prop is None or prop.kind != "enum":
            return ()
        return tuple(v for v in prop.values if isinstance(v, str))

    def mapped(self, ref: str, at: str) -> str:
        """Return the key a mapping entry means: a reference or the bare name of a component."""
        named = pointers.make(["components", "schemas", ref])
        if named in self.named:
            return named
        return self.reference(ref, at)

    def combine(self, parts: Sequence[Schema], at: str, words: str) -> Schema:
        """Return the schema of what fits every part."""
        rules = tuple(rule for part in parts if part.kind == "any" for rule in part.rules)
        said: dict[str, Any] = {}
        for part in parts:
            if part.kind == "any":
                said.update(part.facts)
        parts = [part for part in parts if part.kind != "any"]
        parts = list({identity(part): part for part in parts}.values())
        nullable = bool(parts) and all(part.nullable for part in parts)
        if not parts:
            return Schema(at=at, kind="any", facts=said, rules=rules)
        if len(parts) == 1 and not rules:
            (only,) = parts
            if set(said) - ANNOTATIONS - set(UNCHECKED):
                # Constraints beside a reference sharpen what it stands for.
                solid_one = self.schemas.joined(only)
                if solid_one.kind not in ("object", "union"):
                    return attrs.evolve(solid_one, at=at, facts=tightest([solid_one.facts, said]))
            return attrs.evolve(only, facts={**only.facts, **said})
        solid = [self.schemas.joined(part) for part in parts]
        nullable = all(part.nullable for part in solid)
        kinds = {part.kind for part in solid}
        if "union" in kinds:
            return self.distribute(parts, solid, at, words, rules)
        if kinds <= {"object", "map"}:
            return self.merge_objects(parts, solid, at, words, rules, said)
        if kinds <= {"string", "integer", "number", "boolean", "enum"}:
            return self.merge_scalars(solid, at, nullable)
        if kinds == {"array"}:
            facts = tightest([part.facts for part in solid])
            items = [part.item for part in solid if part.item is not None]
            item = self.combine(items, pointers.join(at, "items"), f"{words} item")
            return Schema(
                at=at,
                kind="array",
                facts=facts,
                nullable=nullable,
                item=self.hoist(item, f"{words} item"),
            )
        raise self.refuse(
            f"allOf joins {' and '.join(sorted(kinds))}, which no value can be at once",
            at,
            "Let all parts have one type",
        )

    def merge_scalars(self, parts: Sequence[Schema], at: str, nullable: bool) -> Schema:
        facts = tightest([part.facts for part in parts])
        enums = [part for part in parts if part.kind == "enum"]
        kinds = {part.kind for part in parts} - {"enum"}
        if enums:
            values = tuple(
                value
                for value in enums[0].values
                if all(any(same(value, o) for o in other.values) for other in enums[1:])
                and all(fits(value, kind) for kind in kinds)
            )
            if not values:
                raise self.refuse(
                    "No value is in every enum of this allOf", at, "Let the parts share values"
                )
            return attrs.evolve(enums[-1], at=at, facts=facts, nullable=nullable, values=values)
        if kinds == {"integer", "number"}:
            kinds = {"integer"}
        if len(kinds) > 1:
            raise self.refuse(
                f"allOf joins {' and '.join(sorted(kinds))}, which no value can be at once",
                at,
                "Let all parts have one type",
            )
        return attrs.evolve(
            next(part for part in parts if part.kind in kinds),
            at=at,
            facts=facts,
            nullable=nullable,
        )

    def merge_objects(
        self,
        parts: Sequence[Schema],
        solid: Sequence[Schema],
        at: str,
        words: str,
        rules: tuple[tuple[str, Any], ...],
        said: Mapping[str, Any],
    ) -> Schema:
        properties: dict[str, Schema] = {}
        required: frozenset[str] = frozenset()
        extra: Schema | bool = True
        declared = False
        patterns: dict[str, Schema] = {}
        names = None
        facts: dict[str, Any] = {}
        for part in solid:
            for name, prop in self.schemas.properties(part).items():
                known = properties.get(name)
                properties[name] = prop if known is None else self.narrow(known, prop, words, name)
            required |= self.schemas.required(part)
            if part.extra_declared:
                declared = True
                if part.extra is not True and extra is not False:
                    extra = part.extra
            patterns.update(part.patterns)
            names = part.names or names
            rules += part.rules
            facts.update({k: v for k, v in part.facts.items() if k not in OF_PARTS})
        facts.update(said)
        kind: Literal["object", "map"] = (
            "object" if any(part.kind == "object" for part in solid) else "map"
        )
        for name in sorted(required - properties.keys()):
            properties[name] = Schema(at=at, kind="any")
        merged = Schema(
            at=at,
            kind="object" if properties else kind,
            facts=facts,
            nullable=all(part.nullable for part in solid),
            properties=properties,
            required=required,
            extra=extra,
            extra_declared=declared,
            patterns=patterns,
            names=names,
            rules=rules,
        )
        return self.inheriting(merged, parts)

    def inheriting(self, merged: Schema, parts: Sequence[Schema]) -> Schema:
        """Let a merged object extend the one named object it is made of, where it may."""
        bases = [part.target for part in parts if part.kind == "ref"]
        if len(bases) != 1 or merged.kind != "object":
            return merged
        base = self.settle(bases[0])
        if base.kind != "object" or base.nullable or self.schemas.depth(base) >= DEEPEST:
            return merged
        if base.extra != merged.extra and base.extra is not True:
            return merged
        inherited = self.schemas.properties(base)
        needed = self.schemas.required(base)
        own: dict[str, Schema] = {}
        for name, prop in merged.properties.items():
            known = inherited.get(name)
            if known is prop and (name in needed) == (name in merged.required):
                continue
            if known is not None and known is not prop and not self.refines(prop, known):
                return merged
            own[name] = prop
        return attrs.evolve(merged, base=bases[0], properties=own)

    def refines(self, prop: Schema, known: Schema) -> bool:
        """Tell whether a property may stand where another one is declared in a base class."""
        if known.kind == "any" or identity(prop) == identity(known):
            return prop.nullable <= known.nullable
        left, right = self.peek(prop), self.peek(known)
        if left is None or right is None:
            return prop.kind == known.kind == "ref" and prop.target == known.target
        if left.nullable and not right.nullable:
            return False
        if right.kind == "string" and not right.fact("format"):
            return left.kind == "enum" and all(isinstance(v, str) for v in left.values)
        if right.kind == "map":
            return left.kind == "object" and right.extra is True
        return prop.kind == known.kind == "ref" and prop.target == known.target

    def peek(self, schema: Schema) -> Schema | None:
        if schema.kind == "ref":
            return self.settle_soft(schema.target)
        return schema

    def narrow(self, known: Schema, prop: Schema, words: str, name: str) -> Schema:
        """Return the schema of a property that two parts of an allOf describe."""
        if known is prop:
            return known
        if known.kind == prop.kind == "ref" and known.target == prop.target:
            return attrs.evolve(prop, facts={**known.facts, **prop.facts})
        if known.kind == "any":
            return prop
        if prop.kind == "any":
            if not prop.facts:
                return known
            facts = {**known.facts, **prop.facts}
            return attrs.evolve(known, facts=facts)
        if known.kind == "map" and known.extra is True and prop.kind == "ref":
            target = self.settle_soft(prop.target)
            if target is None or target.kind in ("object", "map"):
                return prop
        combined = self.combine([known, prop], prop.at, f"{words} {name}")
        return self.hoist(
            attrs.evolve(combined, at=prop.at, facts={**known.facts, **prop.facts}),
            f"{words} {name}",
        )

    def distribute(
        self,
        parts: Sequence[Schema],
        solid: Sequence[Schema],
        at: str,
        words: str,
        rules: tuple[tuple[str, Any], ...],
    ) -> Schema:
        """Turn an allOf with a union in it into a union of allOfs."""
        unions = [index for index, part in enumerate(solid) if part.kind == "union"]
        if len(unions) > 1:
            raise self.refuse(
                "allOf joins several unions",
                at,
                "Write the combinations out as one oneOf",
            )
        (index,) = unions
        chosen = solid[index]
        rest = [part for i, part in enumerate(parts) if i != index]
        if not rest:
            return attrs.evolve(chosen, at=at)
        members: list[Schema] = []
        moved: dict[str, str] = {}
        for number, member in enumerate(chosen.members, 1):
            own = pointers.join(at, "*", number)
            title = self.named[member.target].words if member.kind == "ref" else f"option {number}"
            inner = title if title.startswith(words) else f"{words} {title}"
            if member.kind == "ref" and not self.named[member.target].component:
                # Hoisted a moment ago, and of no use alone.
                one = self.schemas.joined(member)
            else:
                one = member
            combined = self.combine([*rest, one], own, inner)
            placed = self.hoist(attrs.evolve(combined, at=own), inner)
            members.append(placed)
            if member.kind == "ref" and placed.kind == "ref":
                moved[member.target] = placed.target
        tag = chosen.tag
        if tag is not None:
            tag = Tag(tag.name, {value: moved.get(key, key) for value, key in tag.members.items()})
        return Schema(
            at=at,
            kind="union",
            nullable=chosen.nullable,
            members=tuple(members),
            tag=tag,
            facts={},
            rules=rules,
        )
