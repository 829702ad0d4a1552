"""Every decision about the emitted package, in order, taken before a template sees it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from generator.decide import views
from generator.decide.brand import find_brand
from generator.decide.clients import client
from generator.decide.events import events
from generator.decide.homes import find_homes
from generator.decide.imports import isort, settle, spelled, use
from generator.decide.layout import find_lazy
from generator.decide.models import model_modules
from generator.decide.operations import api_modules
from generator.decide.prose import module_doc, paragraph_doc
from generator.decide.public_api import Module, PublicApi
from generator.decide.roles import find_roles
from generator.decide.runtime import ERROR, HOME, RUNTIME_MODELS
from generator.decide.security import choose
from generator.decide.servers import servers_doc, usual_prefix, usual_server
from generator.decide.shapes import Shapes
from generator.decide.views import Brand
from generator.text.literal import comment, literal
from generator.understand.api import Api
from generator.understand.types import Graph


def plan(api: Api, graph: Graph, public: PublicApi, package: str = "") -> views.Package:
    """Decide what the emitted package looks like.

    Raises:
        DocumentError: something in the document cannot be emitted.
    """
    brand = find_brand(api.document.settings, api.info, public.errors, package)
    package = brand.package
    roles = find_roles(api)
    homes = find_homes(api, brand, roles.pages)
    shapes = Shapes(api.schemas, graph, homes, find_lazy(api, homes))
    security = choose(api)
    models = model_modules(api, shapes, roles)
    functions = api_modules(api, shapes, roles, security)
    sent = events(api, homes, brand.signature_header)
    title = comment(str(api.info.get("title") or "API"))
    one_client = partial(client, brand, title, functions=functions, events=sent)
    reachable = partial(_submodules, _below(package, public, events=sent is not None))
    return views.Package(
        name=package,
        source=api.document.name,
        brand=brand,
        title=title,
        server=usual_server(api),
        prefix=literal(prefix) if (prefix := usual_prefix(api)) else "",
        server_doc=paragraph_doc(servers_doc(api), 4),
        models=models,
        model_names=_model_names(models),
        says_home=(package, brand.error, brand.distribution, brand.environment) != HOME,
        api=tuple(module for module, _ in functions),
        client=one_client(asynchronous=False),
        async_client=one_client(asynchronous=True),
        events=sent,
        reexports=tuple(
            _reexport(module, brand, reachable(f"{package}.{module.name}"))
            for module in public.modules
        ),
        top=tuple(
            views.Entry(name, f"{package}.{module}")
            for name, module in sorted(public.top(brand).items())
        ),
        submodules=reachable(package),
        top_doc=module_doc(f"Typed clients of the {title}, blocking and async."),
        config_doc=paragraph_doc("Settings of a client.", 4),
        credentials=spelled(security.expression),
        credentials_doc=paragraph_doc(security.doc or "How the key travels.", 4),
        key_prefixes=security.key_prefixes,
    )


def _model_names(models: Sequence[views.ModelModule]) -> tuple[views.Entry, ...]:
    own = (
        views.Entry(item.name, module.module)
        for module in models
        for item in module.aliases + module.classes
    )
    return tuple(sorted([*own, *RUNTIME_MODELS], key=lambda entry: entry.name))


def _reexport(module: Module, brand: Brand, submodules: tuple[views.Entry, ...]) -> views.Reexport:
    here = f"{brand.package}.{module.name}"
    entries = [views.Entry(name, source) for source, names in module.sources for name in names]
    tokens = tuple(use(entry.module, entry.name) for entry in entries)
    names = [brand.error if entry.name == ERROR else entry.name for entry in entries]
    _, imports = settle(tokens, here=here)
    return views.Reexport(
        module=module.name,
        doc=module_doc(module.doc),
        imports=imports,
        names=tuple(sorted(names, key=isort)),
        renamed=((brand.error, ERROR),) if brand.error in names and brand.error != ERROR else (),
        entries=tuple(sorted(entries, key=lambda entry: entry.name)),
        submodules=submodules,
    )


def _below(package: str, public: PublicApi, *, events: bool) -> list[str]:
    """Return the modules that `import molam_sdk` alone makes reachable."""
    names = [module.name for module in public.modules if not module.extra]
    names += [
        "async_client",
        "client",
        "config",
        "models",
        "sandbox",
        *(["events"] if events else []),
    ]
    return sorted(f"{package}.{name}" for name in names)


def _submodules(below: Sequence[str], package: str) -> tuple[views.Entry, ...]:
    """Return those right below a package."""
    split = (module.rpartition(".") for module in below)
    return tuple(views.Entry(name, package) for parent, _, name in split if parent == package)
