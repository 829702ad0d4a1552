"""What templates are given: every decision made, nothing left but to write it down."""

from __future__ import annotations

import attrs

from generator.decide.imports import NO_IMPORTS, RAW, Imports


@attrs.frozen
class Brand:
    """All names that do not come from a part of the document."""

    name: str
    """What classes are called after."""
    package: str
    """The import name."""
    distribution: str
    version: str
    command: str
    environment: str
    """What names of environment variables begin with."""
    user_agent: str
    signature_header: str

    @property
    def client(self) -> str:
        return f"{self.name}Client"

    @property
    def async_client(self) -> str:
        return f"{self.name}AsyncClient"

    @property
    def error(self) -> str:
        return f"{self.name}Error"

    @property
    def fixtures(self) -> str:
        """What pytest fixtures begin with."""
        return self.environment.lower()


@attrs.frozen
class Field:
    """One property of a model."""

    attribute: str
    wire: str = attrs.field(metadata=RAW)
    annotation: str
    declaration: str
    doc: str


@attrs.frozen
class Class:
    """One model."""

    name: str
    key: str = attrs.field(metadata=RAW)
    bases: str
    doc: str
    fields: tuple[Field, ...]
    rules: tuple[str, ...] = ()


@attrs.frozen
class Alias:
    """One named type that is no class: enum, union, list, map or scalar."""

    name: str
    key: str = attrs.field(metadata=RAW)
    constant: str
    annotation: str
    runtime: str
    doc: str


@attrs.frozen
class ModelModule:
    """One file of ``models/``."""

    module: str
    doc: str
    aliases: tuple[Alias, ...]
    classes: tuple[Class, ...]
    imports: Imports = NO_IMPORTS


@attrs.frozen
class Argument:
    """One argument of an operation."""

    name: str
    annotation: str
    default: str
    """Source of the default; empty when the argument is required."""
    keyword_only: bool
    place: str
    """path, query, header, cookie or body; ``key`` for the idempotency key; empty for what is the
    body as a whole, or chooses its media type."""
    wire: str = attrs.field(metadata=RAW)
    """Its name there; where `place` is empty, its own."""


@attrs.frozen
class Item:
    """One value of the dicts that an operation is called with."""

    wire: str
    value: str


@attrs.frozen
class Function:
    """One operation: the constant, the function and the methods."""

    id: str = attrs.field(metadata=RAW)
    """The operationId, or what stands for it."""
    module: str
    """The full name of its module."""
    name: str
    constant: str
    result: str
    async_result: str
    paged: bool
    streamed: bool
    """Whether its answer comes item by item; then the results are those of an item."""
    keyed: bool
    attributes: tuple[Item, ...]
    """Keyword arguments of the `Operation` constant."""
    arguments: tuple[Argument, ...]
    """Arguments of the function."""
    groups: tuple[tuple[str, tuple[Item, ...]], ...]
    """Keyword arguments of the call: ``path``, ``query`` … with their items."""
    body: str
    """Source of the body when it is not made of items."""
    media: str
    """Source of the media type argument, empty when there is no choice."""
    summary: str
    method_arguments: tuple[Argument, ...]
    """Arguments of the client's methods, `self` and options left out."""
    passed: str
    """Source of what a method passes to the function."""
    method_doc: str
    options: str
    """What the methods call the options of a call."""


@attrs.frozen
class ApiModule:
    """One file of ``api/``."""

    module: str
    alias: str
    """What the clients call it."""
    doc: str
    sealed: str
    """The decorator that empties the frames of a function that raises."""
    functions: tuple[Function, ...]
    imports: Imports = NO_IMPORTS


@attrs.frozen
class Client:
    """Both client files."""

    name: str
    doc: str
    user_agent: str
    """Source of how requests introduce themselves."""
    signature_header: str
    functions: tuple[tuple[str, Function], ...]
    """Alias of the api module and function."""
    events: bool
    event_type: str
    event_name: str
    """Annotation of the argument that names the webhook; empty where every body tells its kind."""
    imports: Imports = NO_IMPORTS


@attrs.frozen
class Event:
    """One event type."""

    type: str
    name: str
    doc: str


@attrs.frozen
class Events:
    """``events.py``."""

    events: tuple[Event, ...]
    base: str
    signature_header: str
    classes: tuple[str, ...]
    kinds: str = ""
    """The class of what tells events apart; empty where a text ``type`` does."""
    telling: str = ""
    """Its arguments besides."""
    router: str = ""
    """The base of the router then."""
    by_name: str = ""
    """Annotation of the argument that names the webhook; empty where every body tells its kind."""
    names: tuple[str, ...] = ()
    """All that the module hands out."""
    imports: Imports = NO_IMPORTS


@attrs.frozen
class Entry:
    """A name that a lazy module hands out, and the module it comes from."""

    name: str
    module: str


@attrs.frozen
class Reexport:
    """A module that hands out names from elsewhere."""

    module: str
    doc: str
    imports: Imports
    names: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    """Names of its own, and what they are there."""
    entries: tuple[Entry, ...]
    """The same names, for a module that imports them when somebody asks."""
    submodules: tuple[Entry, ...]
    """Its own modules that are reachable as its attributes."""


@attrs.frozen
class Package:
    """The emitted package as a whole."""

    name: str
    source: str
    """What the first line of each file says it was made from."""
    brand: Brand
    title: str
    server: str
    server_doc: str
    prefix: str
    """Source of the path below a host that only the caller names; empty for none."""
    models: tuple[ModelModule, ...]
    model_names: tuple[Entry, ...]
    api: tuple[ApiModule, ...]
    client: Client
    async_client: Client
    events: Events | None
    reexports: tuple[Reexport, ...]
    top: tuple[Entry, ...]
    submodules: tuple[Entry, ...]
    top_doc: str
    config_doc: str
    credentials: str
    credentials_doc: str
    key_prefixes: str
