"""Both client files."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from generator.decide import views
from generator.decide.imports import settle, use
from generator.decide.operations import Functions
from generator.decide.prose import paragraph_doc
from generator.decide.runtime import of_runtime
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
    view = views.Client(
        name=brand.async_client if asynchronous else brand.client,
        doc=paragraph_doc(f"{kind} of the {title}.", 4),
        user_agent=literal(brand.user_agent),
        signature_header=brand.signature_header,
        functions=tuple(
            (use(f"{package}.api", api.alias), _method(function, asynchronous))
            for api, listed in functions
            for function in listed
        ),
        events=events is not None,
        event_type=use(f"{package}.events", "WebhookEvent") if events else "",
        event_name=f"{use(f'{package}.events', 'EventType')} | None"
        if events and events.by_name
        else "",
    )
    fixed = [
        of_runtime("Awaiting" if asynchronous else "Blocking"),
        use("typing", "ClassVar"),
        use(package, "__version__"),
        use(f"{package}.config", "Config"),
    ]
    if view.functions:
        fixed += [of_runtime("Unpack"), of_runtime("CallOptions")]
    if events:
        fixed.append(use(f"{package}.events", "construct_event"))
    # Method names hide builtins and imports inside the class.
    taken = {function.name for _, function in view.functions}
    taken |= {one.name for _, function in view.functions for one in function.method_arguments}
    taken.add(view.name)
    here = f"{package}.{'async_client' if asynchronous else 'client'}"
    (settled, _), imports = settle((view, tuple(fixed)), here=here, taken=taken)
    return attrs.evolve(settled, imports=imports)


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
