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
class Called:
    """What an operation is called."""

    name: str
    """The function in `api`."""
    method: str
    """What the clients, or a group of them, call it."""
    group: str
    """The attribute of the clients that its group is; empty where clients have no groups."""

    @property
    def path(self) -> str:
        """What stands behind ``client.`` to call it."""
        return f"{self.group}.{self.method}" if self.group else self.method


@attrs.frozen
class Function:
    """One operation: the constant, the function and the methods."""

    id: str = attrs.field(metadata=RAW)
    """The operationId, or what stands for it."""
    module: str
    """The full name of its module."""
    called: Called
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

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.called.name


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
class Part:
    """A file with methods: a group, or a piece of a class that is too long for one file."""

    module: str
    doc: str
    name: str
    """The class."""
    base: str
    functions: tuple[tuple[str, Function], ...]
    imports: Imports = NO_IMPORTS


@attrs.frozen
class Group:
    """The operations of a tag, as an attribute of a client."""

    attribute: str
    type: str
    """Annotation of the class."""
    module: str = attrs.field(metadata=RAW)
    name: str = attrs.field(metadata=RAW)
    doc: str
    parts: tuple[Part, ...] = attrs.field(metadata=RAW)
    """Its files, each with the base of the next; the last is the group."""


@attrs.frozen
class Client:
    """Both client files."""

    name: str
    doc: str
    user_agent: str
    """Source of how requests introduce themselves."""
    signature_header: str
    base: str
    functions: tuple[tuple[str, Function], ...]
    """Alias of the api module and function, of those that stand in this file."""
    groups: tuple[Group, ...]
    parts: tuple[Part, ...] = attrs.field(metadata=RAW)
    """Files of its base classes, where one file would be too long."""
    events: bool
    event_type: str
    event_name: str
    """Annotation of the argument that names the webhook; empty where every body tells its kind."""
    imports: Imports = NO_IMPORTS

    @property
    def files(self) -> tuple[Part, ...]:
        """All files beside its own that hold methods."""
        return (*self.parts, *(part for group in self.groups for part in group.parts))

    @property
    def all_functions(self) -> tuple[tuple[str, Function], ...]:
        """Alias of the api module and function, wherever they stand."""
        return (*(one for part in self.files for one in part.functions), *self.functions)


@attrs.frozen
class Event:
    """One event type."""

    type: str
    name: str
    doc: str
    annotation: str
    """Its class, or all that it may be."""


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
    says_home: bool
    """Whether the runtime has to be told what the package is called."""
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
