"""Both client files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import attrs

from generator.decide import naming, views
from generator.decide.groups import in_files, lines_of_method
from generator.decide.imports import settle, use, use_for_types
from generator.decide.operations import Functions
from generator.decide.prose import paragraph_doc
from generator.decide.runtime import of_runtime
from generator.decide.scope import Scope
from generator.decide.views import Brand
from generator.text.literal import literal


def client(
    brand: Brand,
    title: str,
    functions: Sequence[tuple[views.ApiModule, Functions]],
    *,
    events: views.Events | None,
    asynchronous: bool,
) -> views.Client:
    """Decide on a client's file.

    Args:
        brand: what all is called.
        title: the name of the API.
        functions: the files of `api/`, each with its functions.
        events: the file of events, None where the API sends none.
        asynchronous: which of the two clients it is.
    """
    kind = "Async client" if asynchronous else "Blocking client"
    package = brand.package
    name = brand.async_client if asynchronous else brand.client
    here = f"{package}.{'async_client' if asynchronous else 'client'}"
    driver = of_runtime("Awaiting" if asynchronous else "Blocking")
    methods = tuple(
        (use(f"{package}.api", api.alias), _method(function, asynchronous))
        for api, listed in functions
        for function in listed
    )
    flat = [one for one in methods if not one[1].called.group]
    parts = _parts(flat, here, name, driver, "Methods of the client.", last=False)
    view = views.Client(
        name=name,
        doc=paragraph_doc(f"{kind} of the {title}.", 4),
        user_agent=literal(brand.user_agent),
        signature_header=brand.signature_header,
        base=use(parts[-1].module, parts[-1].name) if parts else driver,
        functions=tuple(in_files(flat, _lines)[-1]),
        groups=_groups(package, methods, asynchronous),
        parts=parts,
        events=events is not None,
        event_type=use(f"{package}.events", "WebhookEvent") if events else "",
        event_name=f"{use(f'{package}.events', 'EventType')} | None"
        if events and events.by_name
        else "",
    )
    fixed = [
        use("typing", "ClassVar"),
        use(package, "__version__"),
        use(f"{package}.config", "Config"),
    ]
    if events:
        fixed.append(use(f"{package}.events", "construct_event"))
    taken = {view.name, *(group.attribute for group in view.groups)}
    (settled, _), imports = settle(
        (view, (*fixed, *_needed(view.functions))), here=here, taken=taken | _taken(view.functions)
    )
    return attrs.evolve(settled, imports=imports)


_Listed: TypeAlias = Sequence[tuple[str, views.Function]]


def _lines(one: tuple[str, views.Function]) -> int:
    return lines_of_method(one[1])


def _needed(listed: _Listed) -> list[str]:
    """Return what methods take besides their own annotations."""
    if not listed:
        return []
    return [of_runtime("Unpack"), of_runtime("CallOptions")]


def _taken(listed: _Listed) -> set[str]:
    """Return the names of methods and arguments: they hide builtins and imports in a class."""
    taken = {function.called.method for _, function in listed}
    return taken | {one.name for _, function in listed for one in function.method_arguments}


def _parts(
    listed: _Listed, module: str, name: str, base: str, doc: str, *, last: bool
) -> tuple[views.Part, ...]:
    """Return the files that methods stand in, each with the base of the next one's class.

    Args:
        last: whether the last one is a file of its own, and so has the class's own name.
    """
    files = in_files(listed, _lines)
    made: list[views.Part] = []
    for number, functions in enumerate(files if last else files[:-1], 1):
        whole = last and number == len(files)
        part = views.Part(
            module=module if whole else f"{module}_{number}",
            doc=doc,
            name=name if whole else f"{name}Part{number}",
            base=use(made[-1].module, made[-1].name) if made else base,
            functions=tuple(functions),
        )
        (settled, _), imports = settle(
            (part, tuple(_needed(functions))),
            here=part.module,
            taken={part.name, *_taken(functions)},
        )
        made.append(attrs.evolve(settled, imports=imports))
    return tuple(made)


def _groups(package: str, listed: _Listed, asynchronous: bool) -> tuple[views.Group, ...]:
    """Return a group for each tag, where the client has groups."""
    by_group: dict[str, list[tuple[str, views.Function]]] = {}
    for one in listed:
        if one[1].called.group:
            by_group.setdefault(one[1].called.group, []).append(one)
    classes, modules = Scope(), Scope(fold_case=True)
    folder = f"{package}.{'async_groups' if asynchronous else 'groups'}"
    base = of_runtime("AwaitingGroup" if asynchronous else "BlockingGroup")
    found = []
    for attribute, methods in by_group.items():
        name = classes.distinct(f"{naming.pascal(attribute)}Group")
        name = f"Async{name}" if asynchronous else name
        module = f"{folder}.{modules.distinct(naming.module_name(attribute))}"
        doc = f"The methods of ``client.{attribute}``."
        parts = _parts(methods, module, name, base, doc, last=True)
        own = parts[-1]
        found.append(
            views.Group(
                attribute,
                use_for_types(own.module, own.name),
                own.module,
                own.name,
                paragraph_doc(doc, 8),
                parts,
            )
        )
    return tuple(found)


def _method(function: views.Function, asynchronous: bool) -> views.Function:
    """Return what a client needs of a function: nothing else may ask for imports."""
    result = function.async_result if asynchronous else function.result
    if function.streamed:
        result = f"{of_runtime('AsyncStream' if asynchronous else 'Stream')}[{result}]"
    return attrs.evolve(
        function,
        attributes=(),
        arguments=(),
        groups=(),
        body="",
        result="" if asynchronous else result,
        async_result=result if asynchronous else "",
    )
