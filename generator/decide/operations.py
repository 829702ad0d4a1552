"""One file of `api/`: for each operation its constant, function and method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import attrs

from generator.decide import naming, views
from generator.decide.arguments import (
    Taken,
    argument,
    body_of_fields,
    in_order,
    is_key,
    key_argument,
    key_place,
    sent,
    taken_by,
    value,
)
from generator.decide.bodies import Results, body_sources, results
from generator.decide.groups import in_files, lines_of_function, shortened
from generator.decide.imports import settle, use
from generator.decide.method_doc import method_doc
from generator.decide.prose import deprecation, module_doc, paragraph_doc, told
from generator.decide.roles import Roles
from generator.decide.runtime import CLIENT_METHODS, of_runtime
from generator.decide.scope import Scope
from generator.decide.security import Credentials
from generator.decide.servers import own_server
from generator.decide.shapes import Shapes
from generator.decide.streams import calls_of
from generator.decide.streams import results as stream_results
from generator.decide.styles import DEFAULT_STYLE, explodes, style_of
from generator.decide.views import Called
from generator.read import pointer as pointers
from generator.read.position import DocumentError
from generator.text.literal import comment, literal
from generator.understand.api import Api, Operation, Parameter

Functions = list[views.Function]


def api_modules(
    api: Api, shapes: Shapes, roles: Roles, security: Credentials
) -> list[tuple[views.ApiModule, Functions]]:
    """Decide on all files of `api/`; beside each are its functions with all that clients need.

    What cannot be emitted is taken down.
    """
    by_tag: dict[str, list[Operation]] = {}
    for operation in api.operations:
        tags = operation.facts.get("tags") or ["default"]
        by_tag.setdefault(str(tags[0]), []).append(operation)
    modules = Scope(fold_case=True)
    names = _names(api)
    grouped = len(api.operations) > api.document.settings.flat_up_to
    groups = Scope(CLIENT_METHODS)
    found: list[tuple[views.ApiModule, Functions]] = []
    for tag, operations in by_tag.items():
        stem = modules.distinct(naming.module_name(tag), tag)
        here = shapes.at(f"{shapes.homes.package}.api.{stem}")
        # A script without capitals has the constant look like the function.
        constants = Scope(
            names[operation.at, streams] for operation in operations for streams in (False, True)
        )
        calls = [one for operation in operations for one in calls_of(operation)]
        own = [names[one.at, one.streams] for one in calls]
        group = groups.distinct(naming.function_name(tag), tag) if grouped else ""
        methods = shortened(tag, own) if grouped else dict(zip(own, own, strict=True))
        planned: Functions = []
        for one, name in zip(calls, own, strict=True):
            called = Called(name, methods[name], group)
            with api.document.findings.collect():
                planned.append(_function(api, here, roles, security, one, called, constants))
        for number, listed in enumerate(in_files(planned, lines_of_function), 1):
            module = here.here
            if number > 1:
                module = f"{module.rpartition('.')[0]}.{modules.distinct(f'{stem}_{number}', tag)}"
                listed = [attrs.evolve(one, module=module) for one in listed]
            found.append((_module(api, module, tag, listed), listed))
    return found


def _names(api: Api) -> dict[tuple[str, bool], str]:
    """Return the methods of each operation, by its place in the document and whether they stream.

    A name made of method and path gives way to a written one, and gets a number. So does the
    operation whose operationId becomes the name of another, which is taken down. Names of what
    streams come last.
    """
    scope = Scope()
    plain = _plain_names(api, scope)
    named = {(at, False): name for at, name in plain.items()}
    for one in api.operations:
        wanted = f"stream_{plain[one.at]}"
        streaming = any(call.streams for call in calls_of(one))
        named[one.at, True] = scope.distinct(wanted, one.id) if streaming else wanted
    return named


def _plain_names(api: Api, scope: Scope) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in api.operations:
        written = one.facts.get("operationId")
        if written:
            name = naming.function_name(str(written))
            if name in scope and len(str(written)) > naming.LONGEST:
                # What tells them apart was cut away; nobody could have known.
                found[one.at] = scope.distinct(name, str(written))
                continue
            at = pointers.join(one.at, "operationId")
            try:
                where = partial(api.document.position, at)
                found[one.at] = scope.unique(name, str(written), where, "operationId")
            except DocumentError as error:
                api.document.wrong(error.what, at, error.advice, "duplicate-operation-id")
    for one in api.operations:
        if one.at not in found:
            found[one.at] = scope.distinct(naming.operation_name(one.method, one.path), one.id)
    return found


def _module(api: Api, module: str, tag: str, planned: Sequence[views.Function]) -> views.ApiModule:
    said = told(api.tags.get(tag, {}).get("description"))
    view = views.ApiModule(
        module=module,
        alias=module.rpartition(".")[2],
        doc=module_doc(said or f"Operations of the API on {comment(tag)}."),
        sealed=of_runtime("sealed"),
        functions=tuple(
            attrs.evolve(one, method_arguments=(), passed="", method_doc="", async_result="")
            for one in planned
        ),
    )
    taken = {one.constant for one in planned} | {one.name for one in planned}
    fixed = (use("typing", "Final"), of_runtime("Operation"), of_runtime("Call"))
    (settled, _), imports = settle((view, fixed), here=module, taken=taken)
    return attrs.evolve(settled, imports=imports)


def _function(
    api: Api,
    shapes: Shapes,
    roles: Roles,
    security: Credentials,
    operation: Operation,
    called: Called,
    constants: Scope,
) -> views.Function:
    taken = taken_by(api, shapes, roles, operation)
    ordered = in_order(api.document, operation, taken.given)
    if operation.streams:
        given_back = stream_results(shapes, operation)
    else:
        given_back = results(api, shapes, operation)
    attributes = [
        *_attributes(api, shapes, operation, given_back),
        *_exceptions(api, security, operation, called.path),
    ]
    arguments = [argument(*one) for one in ordered]
    keyed = any(map(is_key, operation.parameters))
    method_arguments = list(arguments)
    if keyed:
        place = key_place(operation)
        method_arguments.insert(len(arguments) if place is None else place, key_argument(place))
    if any(one.client_default for one in taken.given):
        arguments.append(
            views.Argument(
                name="config",
                annotation=of_runtime("Config"),
                default="",
                keyword_only=True,
                place="",
                wire="config",
            )
        )
    groups, body = _values(taken)
    options = _options({one.name for one in method_arguments})
    return views.Function(
        id=operation.id,
        module=shapes.here,
        called=called,
        constant=constants.distinct(naming.constant_name(called.name), operation.id),
        result=given_back.annotation,
        async_result=given_back.async_annotation,
        paged=bool(given_back.page),
        streamed=operation.streams,
        keyed=keyed,
        attributes=tuple(attributes),
        arguments=tuple(arguments),
        groups=groups,
        body=body,
        media=taken.media,
        summary=paragraph_doc(f"Build the call of ``{comment(operation.title)}``.", 4),
        method_arguments=tuple(method_arguments),
        passed=", ".join(map(_passed, arguments)),
        method_doc=method_doc(api, shapes.homes, operation, ordered, options),
        options=options,
    )


def _options(taken: set[str]) -> str:
    """Return what a method calls its options, which nobody gives by that name."""
    return "options" if "options" not in taken else Scope(taken).distinct("call_options")


# The constant


def _attributes(
    api: Api, shapes: Shapes, operation: Operation, given_back: Results
) -> Iterator[views.Item]:
    """Yield what every `Operation` says of itself."""
    yield views.Item("id", literal(operation.id))
    yield views.Item("method", literal(operation.method.upper()))
    yield views.Item("path", literal(operation.path))
    bodies = () if operation.body is None else body_sources(api, shapes, operation.body)
    for name, sources in (
        ("parameters", [_parameter(shapes, one) for one in sent(operation)]),
        ("bodies", list(bodies)),
        ("results", given_back.sources),
    ):
        if sources:
            yield views.Item(name, f"({', '.join(sources)},)")
    if any(map(is_key, operation.parameters)):
        yield views.Item("keyed", "True")
    yield from given_back.page


def _exceptions(
    api: Api, security: Credentials, operation: Operation, name: str
) -> Iterator[views.Item]:
    """Yield what an `Operation` says that is not as others are."""
    deprecated = deprecation(operation.facts, f"{name} is deprecated")
    if deprecated:
        yield views.Item("deprecated", literal(deprecated))
    server = own_server(api, operation)
    if server:
        yield views.Item("server", literal(server))
    if operation.at in security.own:
        yield views.Item("credentials", security.own[operation.at])


def _parameter(shapes: Shapes, parameter: Parameter) -> str:
    """Return the source of a parameter."""
    arguments = [
        literal(parameter.name),
        literal(parameter.location),
        shapes.plain(parameter.schema).runtime,
    ]
    if parameter.required:
        arguments.append("required=True")
    style = style_of(parameter)
    if style != DEFAULT_STYLE[parameter.location]:
        arguments.append(f"style={literal(style)}")
    if explodes(parameter) != (style == "form"):
        arguments.append(f"explode={explodes(parameter)}")
    if parameter.allow_reserved:
        arguments.append("allow_reserved=True")
    if parameter.json:
        arguments.append("json=True")
    return f"{of_runtime('Parameter')}({', '.join(arguments)})"


# The call


def _values(taken: Taken) -> tuple[tuple[tuple[str, tuple[views.Item, ...]], ...], str]:
    """Return what is sent, by place, and the source of a body that is not made of fields."""
    body = body_of_fields(taken.given)
    groups = []
    for place in ("path", "query", "header", "cookie", *(() if body else ("body",))):
        items = tuple(
            views.Item(literal(one.wire), value(one)) for one in taken.given if one.place == place
        )
        if items:
            groups.append((place, items))
    return tuple(groups), body or taken.body


def _passed(one: views.Argument) -> str:
    """Return how a method hands an argument to the function."""
    if one.name == "config":
        return "config=self.config"
    return f"{one.name}={one.name}" if one.default or one.keyword_only else one.name
