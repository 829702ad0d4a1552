"""One file of `models/`: aliases and classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs

from generator.decide import naming, views
from generator.decide.annotations import joined
from generator.decide.imports import is_for_types, settle, use
from generator.decide.patterns import python_pattern
from generator.decide.prose import (
    deprecation,
    described,
    module_doc,
    paragraph_doc,
    property_doc,
    unchecked,
)
from generator.decide.roles import Roles, page_item
from generator.decide.runtime import of_runtime
from generator.decide.shapes import Shapes, is_open_set
from generator.text.literal import comment, literal
from generator.understand.api import Api
from generator.understand.keywords import UNCHECKED
from generator.understand.schema import Named, Schema

_QUOTED: Final = str.maketrans({"\\": "\\\\", '"': '\\"'})
_SAID: Final = ("default", "readOnly", "writeOnly", "deprecated", "description", "pattern",
                "x-deprecatedMessage", *UNCHECKED)  # fmt: skip
"""Keywords that a field's docstring needs."""


def model_modules(api: Api, shapes: Shapes, roles: Roles) -> tuple[views.ModelModule, ...]:
    """Decide on all files of `models/`; what cannot be emitted is taken down."""
    by_module: dict[str, list[Named]] = {}
    for key, named in api.named.items():
        by_module.setdefault(shapes.homes[key].module, []).append(named)
    return tuple(
        _module(api, shapes.at(module), roles, by_module[module]) for module in sorted(by_module)
    )


def _module(api: Api, shapes: Shapes, roles: Roles, contents: Sequence[Named]) -> views.ModelModule:
    aliases: list[views.Alias] = []
    classes: list[views.Class] = []
    for named in contents:
        with api.document.findings.collect():
            if named.schema.kind != "object":
                aliases.append(_alias(shapes, named))
            elif named.key in roles.pages:
                classes.extend(_pages(api, shapes, roles, named))
            else:
                classes.append(_class(shapes, roles, named))
    main = next((named for named in contents if not named.owner), contents[0])
    view = views.ModelModule(
        module=shapes.here,
        doc=module_doc(headline(main)),
        aliases=tuple(aliases),
        classes=tuple(classes),
    )
    taken = {field.attribute for item in classes for field in item.fields}
    taken |= {item.name for item in classes} | {item.name for item in aliases}
    taken |= {item.constant for item in aliases}
    fixed = (use("typing", "Final"), use("typing", "TypeAlias")) if aliases else ()
    (settled, _), imports = settle((view, fixed), here=shapes.here, taken=taken)
    return attrs.evolve(settled, imports=imports)


# Aliases


def _alias(shapes: Shapes, named: Named) -> views.Alias:
    schema = named.schema
    home = shapes.homes[named.key]
    shape = shapes.plain(schema)
    said = described(schema)
    if is_open_set(schema) and "open" not in said.lower():
        said = f"{said} Other values are accepted.".strip()
    if not said and schema.kind == "ref":
        said = described(shapes.schemas.target_or_kinds(schema).schema)
    doc = " ".join(part for part in (said, unchecked(schema)) if part)
    return views.Alias(
        name=home.name,
        key=named.key,
        constant=home.constant,
        annotation=_annotation(schema, shape.read, shape.accept),
        runtime=shape.runtime,
        doc=paragraph_doc(doc or headline(named), 0),
    )


def _annotation(schema: Schema, read: str, accept: str) -> str:
    """Return what an alias stands for."""
    if is_open_set(schema):
        listed = ", ".join(literal(value) for value in schema.members[0].values)
        return f"{use('typing', 'Literal')}[{listed}]"
    if schema.kind == "enum":
        return accept if "[" in accept else read
    # Python evaluates it, so what it may not import is text.
    evaluated = schema.kind in ("array", "map", "union") or " | " in read
    if not evaluated or not is_for_types(read):
        return read
    # Values of enums are in quotes of their own.
    return f'"{read}"' if '"' not in read else f'"{read.translate(_QUOTED)}"'


# Classes


def _class(shapes: Shapes, roles: Roles, named: Named) -> views.Class:
    schema = named.schema
    shapes = shapes.for_files(named.key in roles.with_files)
    if schema.base:
        home = shapes.homes[schema.base]
        bases = use(home.module, home.name)
    else:
        bases = of_runtime("Model")
    if schema.extra is False and not schema.patterns:
        bases += ", extra=None"
    elif isinstance(schema.extra, Schema) or schema.patterns:
        bases += f", extra={shapes.value_of_map(schema).runtime}"
    return views.Class(
        name=shapes.homes[named.key].name,
        key=named.key,
        bases=bases,
        doc=_class_doc(named),
        fields=_fields(shapes, roles, named),
        rules=tuple(rule_source(name, value) for name, value in schema.rules),
    )


def _pages(api: Api, shapes: Shapes, roles: Roles, named: Named) -> Iterator[views.Class]:
    """Yield the classes of a page: one for each client."""
    fields = _fields(shapes, roles, named)
    item = shapes.shape(page_item(api, named, roles.pages[named.key])).read
    for prefix, base in (("", "Page"), ("Async", "AsyncPage")):
        yield views.Class(
            name=prefix + shapes.homes[named.key].name,
            key=named.key,
            bases=f"{of_runtime(base)}[{item}]",
            doc=_class_doc(named),
            fields=fields,
        )


def _class_doc(named: Named) -> str:
    said = described(named.schema) or headline(named)
    notes = [said, deprecation(named.schema.facts), unchecked(named.schema)]
    between = " " if len(said) < 200 else "\n\n"
    return paragraph_doc(between.join(note for note in notes if note), 4)


def _fields(shapes: Shapes, roles: Roles, named: Named) -> tuple[views.Field, ...]:
    required = shapes.schemas.required(named.schema)
    return tuple(
        _field(shapes, roles, named, wire, wire in required) for wire in named.schema.properties
    )


def _field(shapes: Shapes, roles: Roles, named: Named, wire: str, needed: bool) -> views.Field:
    schema = named.schema.properties[wire]
    solid = shapes.schemas.in_place(schema)
    shape = shapes.shape(schema)
    attribute = shapes.homes.attributes[named.key][wire]
    arguments = [shape.runtime]
    if attribute != wire:
        arguments.append(f"name={literal(wire)}")
    if named.key not in roles.pages:
        tag = roles.tags.get((named.key, wire))
        arguments += _left_out(solid, shapes.default(solid), needed, tag)
    elif not needed:
        arguments.append("default=None")
    if shapes.schemas.is_marked(schema, "x-molam-sensitive"):
        arguments.append("sensitive=True")
    return views.Field(
        attribute=attribute,
        wire=wire,
        annotation=shape.read if needed else joined(shape.read, "None"),
        declaration=f"{of_runtime('field')}({', '.join(arguments)})",
        doc=property_doc(
            attrs.evolve(schema, facts={k: v for k, v in solid.facts.items() if k in _SAID}),
            solid if schema.kind == "ref" else None,
        ),
    )


def _left_out(solid: Schema, default: Any, needed: bool, tag: str | None) -> Iterator[str]:
    """Yield the arguments of a field that say what is sent when nobody gives a value."""
    read_only = bool(solid.fact("readOnly"))
    if default is None and solid.kind in ("string", "enum"):
        # The class is the tag: who builds one need not say it again.
        default = tag
    if needed and not read_only and solid.kind == "enum" and len(solid.values) == 1:
        yield f"default={literal(solid.values[0])}"
        yield "required=True"
    elif default is not None and not read_only:
        yield f"default={literal(default)}"
        yield f"required={needed}"
    elif not needed:
        yield "default=None"
    if read_only:
        yield "init=False"


def rule_source(name: str, value: Any) -> str:
    """Return the source of a check over an object as a whole."""
    if name == "names_match":
        value = (tuple(python_pattern(one) for one in value[0]), value[1])
    parts = value if isinstance(value, tuple) else (value,)
    return f"{of_runtime(name)}({', '.join(literal(part) for part in parts)})"


def headline(named: Named) -> str:
    """Return a first sentence for a schema that says nothing of itself."""
    words = [
        word.lower() if word[1:].islower() else word for word in naming.words(named.words)
    ] or [comment(named.words)]
    text = " ".join(words)
    return f"{text[:1].upper()}{text[1:]}."
