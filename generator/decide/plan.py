"""Every decision about the emitted package, taken before a template sees it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from generator.decide import naming, views
from generator.decide.annotations import joined
from generator.decide.arguments import Given, argument_doc, ignored, is_key
from generator.decide.bodies import WITH_PARTS, successful
from generator.decide.homes import Home
from generator.decide.imports import builtin, isort, settle, use, use_for_types, use_in_annotation
from generator.decide.layout import LAZY_BEYOND, lazy_imports
from generator.decide.media import JSON, emitted, kind_of
from generator.decide.models import headline, kept, literal_token, rule_source
from generator.decide.operations import described_tag
from generator.decide.prose import (
    default_of,
    deprecation,
    described,
    module_doc,
    paragraph_doc,
    property_doc,
    raised,
    returned,
    section,
    sentence,
    unchecked,
)
from generator.decide.public_api import PublicApi
from generator.decide.runtime import (
    CODEC,
    MODEL,
    MODEL_MEMBERS,
    OPERATION,
    PAGE_MEMBERS,
    RUNTIME_MODELS,
)
from generator.decide.scalars import Shape, is_file
from generator.decide.scope import Names, told_apart, told_apart_by_place
from generator.decide.security import choose
from generator.decide.servers import address
from generator.decide.shapes import Shapes, is_open_set
from generator.read import pointer as pointers
from generator.text.docstring import WIDTH, quoted, wrap
from generator.text.literal import comment, literal
from generator.text.markdown import readable
from generator.text.shown import shown
from generator.understand.api import Api, Media, Operation, Parameter
from generator.understand.schema import Named, Schema
from generator.understand.schemas import references
from generator.understand.types import Graph


def plan(api: Api, graph: Graph, public: PublicApi, *, package: str, version: str) -> views.Package:
    """Decide what the emitted package looks like.

    Raises:
        DocumentError: something in the document cannot be emitted.
    """
    return _Planner(api, graph, public, package, version).package()


class _Planner:
    def __init__(
        self, api: Api, graph: Graph, public: PublicApi, package: str, version: str
    ) -> None:
        self.api = api
        self.public = public
        self.name = package
        self.version = version
        self.document = api.document
        self.first: dict[tuple[int, str], tuple[str, str]] = {}
        self.pages = self.find_pages()
        self.homes = self.find_homes()
        self.shapes = Shapes(self.api, graph, self.homes)
        self.shapes.lazy = self.find_lazy()
        self.attributes: dict[str, dict[str, str]] = {}
        self.with_files = self.find_files()
        self.tags = self.find_tags()
        self.security = choose(api)

    def unique(self, names: Names, name: str, wire: str, at: str, what: str) -> str:
        """Return a name that nobody else in a scope may have.

        Raises:
            DocumentError: somebody else has it.
        """
        key = (id(names), name.casefold())
        if name in names and key in self.first:
            # Places are looked up for the message alone: in a large document that takes time.
            other, other_at = self.first[key]
            clash = Names(fold_case=True)
            clash.unique(name, other, self.document.position(other_at), what)
            return clash.unique(name, wire, self.document.position(at), what)
        self.first[key] = (wire, at)
        return names.distinct(name, wire)

    # Where everything lives

    def find_pages(self) -> dict[str, Operation]:
        """Return the keys of page schemas with the first operation that returns them."""
        found: dict[str, Operation] = {}
        for operation in self.api.operations:
            if "x-molam-page" not in operation.facts:
                continue
            at = pointers.join(operation.at, "x-molam-page")
            schemas = [
                media.schema
                for response in operation.responses
                if response.status.startswith("2")
                for media in response.media
            ]
            if len(schemas) != 1 or schemas[0] is None or schemas[0].kind != "ref":
                raise self.document.error(
                    f"x-molam-page of {operation.id} needs one successful response with an object",
                    at,
                    "Describe the page as a component schema",
                )
            found.setdefault(schemas[0].target, operation)
        return found

    def find_homes(self) -> dict[str, Home]:
        """Give each named schema a module and a name."""
        classes = Names()
        modules = Names(fold_case=True)
        homes: dict[str, Home] = {}
        package = f"{self.name}.models"
        kinds = {named.kinds for named in self.api.named.values()}
        # Of several schemas that become one name, who has that very name keeps it.
        ordered = sorted(
            self.api.named.values(),
            key=lambda n: (
                n.key in kinds,
                not n.component,
                bool(n.owner),
                naming.class_name(n.words) != n.words,
            ),
        )
        for named in ordered:
            name = classes.distinct(naming.class_name(named.words), named.words)
            if named.key in self.pages:
                self.unique(classes, f"Async{name}", named.words, named.key, "schema")
            if named.owner in homes:
                module = homes[named.owner].module
            else:
                module = f"{package}.{modules.distinct(naming.module_name(name), named.words)}"
            constant = name if named.schema.kind == "object" else naming.constant_name(name)
            if constant == name and named.schema.kind != "object":
                constant = f"{constant}_TYPE"
            homes[named.key] = Home(module, name, constant)
        self.class_names = classes
        return homes

    def find_lazy(self) -> frozenset[tuple[str, str]]:
        """Decide which modules must not import each other."""
        hard: dict[str, set[str]] = {}
        soft: dict[str, set[str]] = {}
        for key, named in self.api.named.items():
            here = self.homes[key].module
            hard.setdefault(here, set())
            soft.setdefault(here, set())
            if named.schema.base:
                hard[here].add(self.homes[named.schema.base].module)
            todo = [named.schema]
            while todo:
                part = todo.pop()
                if part.kind == "ref":
                    target = self.shapes.target(part)
                    soft[here].add(self.homes[target.key].module)
                    if target.schema.kind in ("array", "map", "union"):
                        # Written out in place: what is in them is mentioned here as well.
                        soft[here].update(
                            self.homes[self.shapes.target(inner).key].module
                            for inner in references(target.schema)
                        )
                if part.tag is not None:
                    soft[here].update(self.homes[key].module for key in part.tag.members.values())
                todo.extend(part.parts())
        return lazy_imports(hard, soft, LAZY_BEYOND)

    def find_files(self) -> frozenset[str]:
        """Return the keys of schemas that only multipart bodies use, where binary text is a file."""
        inside: set[str] = set()
        outside: set[str] = set()
        for operation in [*self.api.operations, *self.api.webhooks]:
            for media in operation.body.media if operation.body else ():
                where = inside if kind_of(media.media) == "multipart" else outside
                self.collect(media.schema, where)
            for answer in operation.responses:
                for media in answer.media:
                    self.collect(media.schema, outside)
        return frozenset(inside - outside)

    def find_tags(self) -> dict[tuple[str, str], str]:
        """Return the tag of each member of a union, by key and property; only where there is one."""
        found: dict[tuple[str, str], set[str]] = {}
        for named in self.api.named.values():
            tag = named.schema.tag
            for value, key in tag.members.items() if tag is not None else ():
                assert tag is not None
                found.setdefault((key, tag.name), set()).add(value)
        return {place: values.pop() for place, values in found.items() if len(values) == 1}

    def collect(self, schema: Schema | None, found: set[str]) -> None:
        """Add the keys of all named schemas that a schema is made of."""
        todo = [] if schema is None else [schema]
        while todo:
            part = todo.pop()
            if part.kind == "ref":
                target = self.shapes.target(part)
                if target.key not in found:
                    found.add(target.key)
                    todo.append(target.schema)
            if part.base and part.base not in found:
                found.add(part.base)
                todo.append(self.api.named[part.base].schema)
            todo.extend(part.parts())

    # The package

    def package(self) -> views.Package:
        models = self.models()
        functions = self.functions()
        info = self.api.info
        title = comment(str(info.get("title") or "API"))
        events = self.events()
        server, server_doc = self.server()
        security = self.security
        entries = [
            views.Entry(item.name, module.module)
            for module in models
            for item in module.aliases + module.classes
        ]
        return views.Package(
            name=self.name,
            source=self.document.name,
            version=self.version,
            title=title,
            server=server,
            server_doc=paragraph_doc(server_doc, 4),
            models=models,
            model_names=tuple(sorted([*entries, *RUNTIME_MODELS], key=lambda entry: entry.name)),
            api=tuple(module for module, _ in functions),
            client=self.client(functions, events, self.public.client, asynchronous=False),
            async_client=self.client(
                functions, events, self.public.async_client, asynchronous=True
            ),
            events=events,
            reexports=self.reexports(),
            top=self.top(),
            submodules=self.submodules(self.name),
            top_doc=module_doc(f"Typed clients of the {title}, blocking and async."),
            config_doc=paragraph_doc("Settings of a client.", 4),
            credentials=security.expression,
            credentials_doc=paragraph_doc(security.doc or "How the key travels.", 4),
            key_prefixes=security.key_prefixes,
        )

    def server(self) -> tuple[str, str]:
        """Return the address that calls go to by default, and what the document says of it."""
        if not self.api.servers:
            return "", "The document names no server: `api_base` is required."
        url = address(self.api.servers[0])
        lines = []
        for server in self.api.servers:
            said = " ".join(readable(str(server.get("description") or "")).split())
            lines.append(f"``{server.get('url')}``: {sentence(said)}" if said else "")
        if "://" not in url:
            return "", f"The document names the server {url!r} only: `api_base` is required."
        return url, "\n\n".join(line for line in lines if line)

    def reexports(self) -> tuple[views.Reexport, ...]:
        found = []
        for module in self.public.modules:
            tokens = tuple(use(source, name) for source, names in module.sources for name in names)
            here = f"{self.name}.{module.name}"
            _, imports = settle(tokens, here=here)
            names = tuple(sorted((n for _, names in module.sources for n in names), key=isort))
            found.append(
                views.Reexport(
                    module=module.name,
                    doc=module_doc(module.doc),
                    imports=imports,
                    names=names,
                    entries=tuple(
                        sorted(
                            (views.Entry(n, source) for source, ns in module.sources for n in ns),
                            key=lambda entry: entry.name,
                        )
                    ),
                    submodules=self.submodules(here),
                )
            )
        return tuple(found)

    def submodules(self, package: str) -> tuple[views.Entry, ...]:
        """Return the modules right below a package that `import molam_sdk` alone makes reachable."""
        below = [f"{self.name}.{module.name}" for module in self.public.modules if not module.extra]
        below += [f"{self.name}.{name}" for name in ("async_client", "client", "config", "models")]
        if self.api.webhooks:
            below.append(f"{self.name}.events")
        return tuple(
            views.Entry(module.rpartition(".")[2], package)
            for module in sorted(below)
            if module.rpartition(".")[0] == package
        )

    def top(self) -> tuple[views.Entry, ...]:
        return tuple(
            views.Entry(name, f"{self.name}.{module}")
            for name, module in sorted(self.public.top.items())
        )

    # Models

    def models(self) -> tuple[views.ModelModule, ...]:
        by_module: dict[str, list[Named]] = {}
        for key, named in self.api.named.items():
            by_module.setdefault(self.homes[key].module, []).append(named)
        return tuple(self.model_module(module, by_module[module]) for module in sorted(by_module))

    def model_module(self, module: str, contents: Sequence[Named]) -> views.ModelModule:
        aliases: list[views.Alias] = []
        classes: list[views.Class] = []
        for named in contents:
            if named.schema.kind == "object":
                classes.extend(self.classes(named, module))
            else:
                aliases.append(self.alias(named, module))
        main = next((n for n in contents if not n.owner), contents[0])
        view = views.ModelModule(
            module=module,
            doc=module_doc(headline(main)),
            aliases=tuple(aliases),
            classes=tuple(classes),
        )
        taken = {field.attribute for item in classes for field in item.fields}
        taken |= {item.name for item in classes} | {item.name for item in aliases}
        taken |= {item.constant for item in aliases}
        fixed = (use("typing", "Final"), use("typing", "TypeAlias")) if aliases else ()
        (settled, _), imports = settle((view, fixed), here=module, taken=taken)
        return attrs.evolve(settled, imports=imports)

    def alias(self, named: Named, module: str) -> views.Alias:
        schema = named.schema
        home = self.homes[named.key]
        shape = self.shapes.plain(schema, module)
        annotation = shape.accept if schema.kind == "enum" else shape.read
        if is_open_set(schema):
            listed = ", ".join(literal(value) for value in schema.members[0].values)
            annotation = f"{use('typing', 'Literal')}[{listed}]"
        elif schema.kind == "enum" and not annotation.count("["):
            annotation = shape.read
        elif schema.kind in ("array", "map", "union") or " | " in annotation:
            annotation = self.evaluated(annotation)
        said = described(schema)
        if is_open_set(schema) and "open" not in said.lower():
            said = f"{said} Other values are accepted.".strip()
        target = self.shapes.target(schema).schema if schema.kind == "ref" else None
        doc = " ".join(part for part in (said, described(target) if target and not said else "",
                                         unchecked(schema)) if part)  # fmt: skip
        return views.Alias(
            name=home.name,
            key=named.key,
            constant=home.constant,
            annotation=annotation.replace("\ue000a", "\ue000r"),
            runtime=shape.runtime,
            doc=paragraph_doc(doc or f"{headline(named)}", 0),
        )

    def evaluated(self, annotation: str) -> str:
        """Return the source of an alias: Python evaluates it, so what it may not import is text."""
        if "\ue000t" in annotation:
            return literal_token(annotation)
        return annotation

    def classes(self, named: Named, module: str) -> Iterable[views.Class]:
        schema = named.schema
        home = self.homes[named.key]
        page = self.pages.get(named.key)
        said = described(schema) or headline(named)
        notes = [said, deprecation(schema.facts), unchecked(schema)]
        doc = paragraph_doc(" ".join(note for note in notes if note) if len(said) < 200 else
                            "\n\n".join(note for note in notes if note), 4)  # fmt: skip
        fields = self.fields(named, module, page is not None)
        if page is not None:
            item = self.page_item(named, page)
            for prefix, base in (("", "Page"), ("Async", "AsyncPage")):
                yield views.Class(
                    name=prefix + home.name,
                    key=named.key,
                    bases=f"{use('molam_overlays.page', base)}[{self.shapes.shape(item, module).read}]",
                    doc=doc,
                    fields=fields,
                )
            return
        if schema.base:
            base_home = self.homes[schema.base]
            bases = use(base_home.module, base_home.name)
        else:
            bases = use(MODEL, "Model")
        if schema.extra is False and not schema.patterns:
            bases += ", extra=None"
        elif isinstance(schema.extra, Schema) or schema.patterns:
            bases += f", extra={self.shapes.value_of_map(schema, module).runtime}"
        yield views.Class(
            name=home.name,
            key=named.key,
            bases=bases,
            doc=doc,
            fields=fields,
            rules=tuple(rule_source(name, value) for name, value in schema.rules),
        )

    def page_item(self, named: Named, operation: Operation) -> Schema:
        rule = operation.facts["x-molam-page"]
        at = pointers.join(operation.at, "x-molam-page")
        properties = named.schema.properties
        items = properties.get(str(rule.get("items")))
        if items is None or items.kind != "array" or items.item is None:
            raise self.document.error(
                f"x-molam-page says that {rule.get('items')} holds the items, but that is no list "
                f"in {named.words}",
                at,
                "Name a property of the response that is an array",
            )
        if str(rule.get("more")) not in properties:
            raise self.document.error(
                f"x-molam-page names {rule.get('more')}, which {named.words} does not have",
                at,
                "Name a boolean property of the response",
            )
        return items.item

    def attribute_names(self, key: str) -> dict[str, str]:
        """Return the attribute of each property of an object, inherited ones first."""
        known = self.attributes.get(key)
        if known is not None:
            return known
        schema = self.api.named[key].schema
        found = dict(self.attribute_names(schema.base)) if schema.base else {}
        taken = PAGE_MEMBERS if key in self.pages else MODEL_MEMBERS
        names = Names(found.values())
        new = [wire for wire in schema.properties if wire not in found]
        given = told_apart(new, names, lambda wire: naming.attribute_name(wire, taken))
        found.update((wire, given[wire]) for wire in new)
        self.attributes[key] = found
        return found

    def all_properties(self, key: str) -> dict[str, Schema]:
        schema = self.api.named[key].schema
        inherited = self.all_properties(schema.base) if schema.base else {}
        return {**inherited, **schema.properties}

    def all_required(self, key: str) -> frozenset[str]:
        schema = self.api.named[key].schema
        inherited = self.all_required(schema.base) if schema.base else frozenset[str]()
        return inherited | schema.required

    def solid(self, schema: Schema) -> Schema:
        """Return what a schema stands for, with what is said where it is used."""
        if schema.kind != "ref":
            return schema
        inner = self.shapes.target(schema).schema
        return attrs.evolve(inner, facts={**inner.facts, **schema.facts})

    def said(self, schema: Schema, name: str) -> bool:
        return bool(self.solid(schema).fact(name))

    def fields(self, named: Named, module: str, page: bool) -> tuple[views.Field, ...]:
        self.shapes.files = named.key in self.with_files
        found = self.plain_fields(named, module, page)
        self.shapes.files = False
        return found

    def plain_fields(self, named: Named, module: str, page: bool) -> tuple[views.Field, ...]:
        attributes = self.attribute_names(named.key)
        required = self.all_required(named.key)
        found = []
        for wire, schema in named.schema.properties.items():
            attribute = attributes[wire]
            solid = self.solid(schema)
            shape = self.shapes.shape(schema, module)
            annotation = shape.read
            arguments = [shape.runtime]
            if attribute != wire:
                arguments.append(f"name={literal(wire)}")
            needed = wire in required
            default = schema.fact("default", solid.fact("default"))
            fixed = solid.values[0] if solid.kind == "enum" and len(solid.values) == 1 else None
            tag = self.tags.get((named.key, wire))
            if solid.kind in ("string", "enum") and tag is not None:
                # The class is the tag: who builds one need not say it again.
                default = tag if default is None else default
            read_only = bool(solid.fact("readOnly"))
            if page:
                if not needed:
                    arguments.append("default=None")
            elif needed and fixed is not None and not read_only:
                arguments += [f"default={literal(fixed)}", "required=True"]
            elif default is not None and not read_only:
                arguments.append(f"default={literal(default)}")
                arguments.append(f"required={needed}")
            elif not needed:
                arguments.append("default=None")
            if read_only and not page:
                arguments.append("init=False")
            if not needed:
                annotation = joined(annotation, "None")
            if self.said(schema, "x-molam-sensitive"):
                arguments.append("sensitive=True")
            field = use(MODEL, "field")
            found.append(
                views.Field(
                    attribute=attribute,
                    wire=wire,
                    annotation=annotation,
                    declaration=f"{field}({', '.join(arguments)})",
                    doc=property_doc(
                        attrs.evolve(schema, facts=kept(schema, solid)),
                        solid if schema.kind == "ref" else None,
                    ),
                )
            )
        return tuple(found)

    # Operations

    def functions(self) -> list[tuple[views.ApiModule, list[views.Function]]]:
        by_tag: dict[str, list[Operation]] = {}
        for operation in self.api.operations:
            tags = operation.facts.get("tags") or ["default"]
            by_tag.setdefault(str(tags[0]), []).append(operation)
        modules = Names(fold_case=True)
        names = self.operation_names()
        found = []
        for tag, operations in by_tag.items():
            stem = modules.distinct(naming.module_name(tag), tag)
            planned = []
            module = f"{self.name}.api.{stem}"
            for operation in operations:
                planned.append(self.function(operation, names[operation.at], module))
            said = described_tag(self.api.tags.get(tag))
            view = views.ApiModule(
                module=module,
                alias=stem,
                doc=module_doc(said or f"Operations of the API on {comment(tag)}."),
                sealed=use("molam_overlays.frames", "sealed"),
                functions=tuple(planned),
            )
            taken = {f.constant for f in planned} | {f.name for f in planned}
            fixed = (use("typing", "Final"), use(OPERATION, "Operation"), use(OPERATION, "Call"))
            trimmed = attrs.evolve(
                    view,
                    functions=tuple(
                        attrs.evolve(f, method_arguments=(), passed="", method_doc="",
                                     async_result="")
                        for f in planned
                    ),
                )  # fmt: skip
            (settled, _), imports = settle((trimmed, fixed), here=module, taken=taken)
            found.append((attrs.evolve(settled, imports=imports), planned))
        return found

    def server_of(self, operation: Operation) -> str:
        """Return where an operation lives that has a server of its own; empty for the client's."""
        known = {str(server.get("url")) for server in self.api.servers}
        urls = [str(server.get("url")) for server in operation.servers]
        if not urls or not known.isdisjoint(urls):
            return ""
        url = address(operation.servers[0])
        # A relative one is a path on a host that the document does not name.
        return "" if "://" not in url or url == self.server()[0] else url

    def operation_names(self) -> dict[str, str]:
        """Return the method of each operation, by its place in the document.

        A name made of method and path gives way to a written one, and gets a number.

        Raises:
            DocumentError: two operationIds become one name.
        """
        names = Names()
        found: dict[str, str] = {}
        for one in self.api.operations:
            written = one.facts.get("operationId")
            if written:
                name = naming.function_name(str(written))
                at = pointers.join(one.at, "operationId")
                found[one.at] = self.unique(names, name, str(written), at, "operationId")
        for one in self.api.operations:
            if one.at not in found:
                found[one.at] = names.distinct(naming.operation_name(one.method, one.path), one.id)
        return found

    def function(self, operation: Operation, name: str, module: str) -> views.Function:
        constant = naming.constant_name(name)
        keyed = any(is_key(parameter) for parameter in operation.parameters)
        given, body, media = self.given(operation, module)
        ordered = self.order(operation, given, body)
        results, result, async_result, page = self.results(operation, module)
        deprecated = deprecation(operation.facts, f"{name} is deprecated")
        attributes = [
            views.Item("id", literal(operation.id)),
            views.Item("method", literal(operation.method.upper())),
            views.Item("path", literal(operation.path)),
        ]
        parameters = [
            self.parameter(parameter, module)
            for parameter in operation.parameters
            if not is_key(parameter) and not ignored(parameter)
        ]
        if parameters:
            attributes.append(views.Item("parameters", f"({', '.join(parameters)},)"))
        if operation.body is not None and operation.body.media:
            bodies = [
                self.body(one, operation, module)
                for one in emitted(operation.body.media, self.has_parts)
            ]
            attributes.append(views.Item("bodies", f"({', '.join(bodies)},)"))
        if results:
            attributes.append(views.Item("results", f"({', '.join(results)},)"))
        if keyed:
            attributes.append(views.Item("keyed", "True"))
        attributes.extend(page)
        if deprecated:
            attributes.append(views.Item("deprecated", literal(deprecated)))
        server = self.server_of(operation)
        if server:
            attributes.append(views.Item("server", literal(server)))
        if operation.at in self.security.own:
            credentials = use("molam_overlays.credentials", "Credentials")
            source = self.security.own[operation.at].replace("Credentials(", f"{credentials}(")
            attributes.append(views.Item("credentials", source))
        needs_config = any(one.client_default for one in given)
        groups = []
        for group in ("path", "query", "header", "cookie"):
            items = tuple(
                views.Item(literal(one.wire), self.value(one))
                for one in given
                if one.place == group
            )
            if items:
                groups.append((group, items))
        fields = [one for one in given if one.place == "body"]
        if any(one.optional_body for one in fields):
            body = self.optional_body(fields)
        elif fields:
            items = tuple(views.Item(literal(one.wire), self.value(one)) for one in fields)
            groups.append(("body", items))
        arguments = [self.argument(one, keyword, module) for one, keyword in ordered]
        method_arguments = list(arguments)
        place = self.key_place(operation, ordered)
        if keyed:
            key = views.Argument(
                "idempotency_key",
                f"{builtin('str')} | None",
                "None",
                keyword_only=place is None,
                place="key",
                wire="Idempotency-Key",
            )
            if place is None:
                method_arguments.append(key)
            else:
                method_arguments.insert(place, key)
        if needs_config:
            arguments.append(
                views.Argument(
                    "config", use_in_annotation("molam_overlays.config", "Config"), "", True, "", ""
                )
            )
        passed = [
            argument.name
            if not argument.default and not argument.keyword_only and argument.name != "config"
            else f"{argument.name}={'self.config' if argument.name == 'config' else argument.name}"
            for argument in arguments
        ]
        return views.Function(
            id=operation.id,
            module=module,
            name=name,
            constant=constant,
            result=result,
            async_result=async_result,
            paged=bool(page),
            keyed=keyed,
            attributes=tuple(attributes),
            arguments=tuple(arguments),
            groups=tuple(groups),
            body=body,
            media=media,
            summary=paragraph_doc(f"Build the call of ``{comment(operation.title)}``.", 4),
            method_arguments=tuple(method_arguments),
            passed=", ".join(passed),
            method_doc=self.method_doc(operation, given, ordered, keyed, place, bool(page)),
        )

    def optional_body(self, fields: Sequence[Given]) -> str:
        """Return the source of a body that is left out where none of its fields is given."""
        listed = ", ".join(f"{literal(one.wire)}: {one.argument}" for one in fields)
        arguments = [f"{{{listed}}}"]
        defaults = ", ".join(
            f"{literal(one.wire)}: {default}"
            for one in fields
            if (default := self.default_source(one))
        )
        if defaults:
            arguments.append(f"defaults={{{defaults}}}")
        nullable = tuple(one.wire for one in fields if self.tells_null(one))
        if nullable:
            arguments.append(f"nullable={literal(nullable)}")
        return f"{use(OPERATION, 'or_nothing')}({', '.join(arguments)})"

    def given(self, operation: Operation, module: str) -> tuple[list[Given], str, str]:
        """Return all values an operation takes, its body where no fields make it, and its media."""
        names = Names()
        found: list[Given] = []
        parameters = [p for p in operation.parameters if not is_key(p) and not ignored(p)]
        arguments = told_apart_by_place([(p.name, p.location) for p in parameters], names)
        for parameter in parameters:
            argument = arguments[parameter.name, parameter.location]
            solid = self.solid(parameter.schema)
            said = parameter.facts.get("description")
            found.append(
                Given(
                    wire=parameter.name,
                    place=parameter.location,
                    argument=argument,
                    schema=parameter.schema,
                    required=parameter.required,
                    client_default="",
                    doc=argument_doc(
                        sentence(readable(str(said))) if said else described(solid),
                        solid,
                        deprecation(parameter.facts),
                    ),
                )
            )
        if operation.body is None or not operation.body.media:
            return found, "", ""
        medias = emitted(operation.body.media, self.has_parts)
        targets = {self.flat_target(media) for media in medias}
        choice = ""
        if len(targets) == 1 and (key := targets.pop()) is not None:
            fields = self.body_fields(operation, self.api.named[key], names)
            found.extend(fields)
            if not operation.body.required and any(self.is_required(one) for one in fields):
                found = [
                    attrs.evolve(one, required=False, optional_body=True)
                    if one.place == "body"
                    else one
                    for one in found
                ]
            if len(medias) > 1:
                choice = names.distinct("media_type")
                found.append(self.media_choice(choice, medias))
            return found, "" if fields else "{}", choice
        argument = names.distinct("body")
        schema = medias[0].schema or Schema(at=medias[0].at, kind="any")
        found.append(
            Given(
                wire="",
                place="whole body",
                argument=argument,
                schema=schema,
                required=operation.body.required,
                client_default="",
                doc=sentence(readable(operation.body.description)) or described(self.solid(schema)),
                accepts=joined(*(self.body_shape(media, module).accept for media in medias)),
            )
        )
        if len(medias) > 1:
            choice = names.distinct("media_type")
            found.append(self.media_choice(choice, medias))
        return found, argument, choice

    def media_choice(self, argument: str, medias: Sequence[Media]) -> Given:
        """Return the argument that says which media type the body is sent as."""
        listed = tuple(media.media for media in medias)
        return Given(
            wire="",
            place="media type",
            argument=argument,
            schema=Schema(at=medias[0].at, kind="enum", values=listed),
            required=False,
            client_default="",
            doc=f"The media type to send the body as. Default {literal(listed[0])}.",
        )

    def has_parts(self, media: Media) -> bool:
        """Tell whether a body is made of parts, which text cannot show."""
        return media.schema is not None and self.solid(media.schema).kind in WITH_PARTS

    def flat_target(self, media: Media) -> str | None:
        """Return the key of the object whose properties become arguments, None for other bodies."""
        if media.schema is None or kind_of(media.media) in ("text", "bytes"):
            return None
        if self.shapes.nullable(media.schema) or media.schema.kind != "ref":
            return None
        target = self.shapes.target(media.schema)
        return target.key if target.schema.kind == "object" else None

    def body_shape(self, media: Media, module: str) -> Shape:
        """Return what a body of a media type is in Python."""
        kind = kind_of(media.media)
        schema = media.schema or Schema(at=media.at, kind="any")
        if kind == "bytes":
            return self.shapes.binary()
        if kind == "text":
            solid = self.solid(schema)
            if solid.kind == "any" or is_file(solid):
                schema = Schema(at=media.at, kind="string")
            elif solid.kind in WITH_PARTS:
                raise self.document.error(
                    f"The body {media.media} is described as {solid.kind}, but it is text",
                    media.at,
                    "Describe it as a string, or send it as application/json",
                )
        self.shapes.files = kind == "multipart"
        shape = self.shapes.shape(schema, module)
        self.shapes.files = False
        return shape

    def body_fields(self, operation: Operation, target: Named, names: Names) -> list[Given]:
        required = self.all_required(target.key)
        found = []
        properties = {
            wire: schema
            for wire, schema in self.all_properties(target.key).items()
            if not self.solid(schema).fact("readOnly")
        }
        arguments = told_apart_by_place([(wire, "body") for wire in properties], names)
        for wire, schema in properties.items():
            solid = self.solid(schema)
            argument = arguments[wire, "body"]
            client_default = str(solid.fact("x-molam-client-default") or "")
            fixed = solid.kind == "enum" and len(solid.values) == 1
            default = schema.fact("default", solid.fact("default"))
            if fixed and wire in required and default is None:
                schema = attrs.evolve(schema, facts={**schema.facts, "default": solid.values[0]})
            found.append(
                Given(
                    wire=wire,
                    place="body",
                    argument=argument,
                    schema=schema,
                    required=wire in required and not client_default,
                    client_default=client_default,
                    doc=argument_doc(described(schema, solid), solid, deprecation(solid.facts)),
                    file=target.key in self.with_files,
                )
            )
        return found

    def order(
        self, operation: Operation, given: Sequence[Given], body: str
    ) -> list[tuple[Given, bool]]:
        """Put the arguments in order; the flag says which are keyword-only."""
        listed = operation.facts.get("x-molam-arguments")
        if listed is None:
            first = [
                one
                for place in (("path",), ("whole body", "body"), ("query", "header", "cookie"))
                for one in given
                if one.place in place and self.is_required(one)
            ]
            rest = [one for one in given if one not in first]
            return [(one, False) for one in first] + [(one, True) for one in rest]
        at = pointers.join(operation.at, "x-molam-arguments")
        by_name = {one.argument: one for one in given}
        by_wire = {one.wire: one for one in given}
        first = []
        optional = ""
        for name in listed:
            if name == "idempotency_key":
                continue
            one = by_name.get(name) or by_wire.get(name)
            if one is None:
                raise self.document.error(
                    f"x-molam-arguments of {operation.id} names {shown(str(name))}, which "
                    "is no argument of it",
                    at,
                    "Name its path, query and body fields, and idempotency_key",
                )
            if self.is_required(one) and optional:
                raise self.document.error(
                    f"x-molam-arguments of {operation.id} puts {name}, which is required, behind "
                    f"{optional}, which is not",
                    at,
                    "Put required arguments first",
                )
            optional = optional or ("" if self.is_required(one) else str(name))
            first.append(one)
        rest = [one for one in given if one not in first]
        return [(one, False) for one in first] + [(one, True) for one in rest]

    def is_required(self, one: Given) -> bool:
        return one.required and not one.client_default and self.default_of(one) is None

    def default_of(self, one: Given) -> Any:
        return one.schema.fact("default", self.solid(one.schema).fact("default"))

    def key_place(self, operation: Operation, ordered: Sequence[tuple[Given, bool]]) -> int | None:
        """Return where among the arguments the idempotency key stands, None for keyword-only."""
        listed = operation.facts.get("x-molam-arguments") or []
        if "idempotency_key" not in listed:
            return None
        return list(listed).index("idempotency_key")

    def argument(self, one: Given, keyword: bool, module: str) -> views.Argument:
        self.shapes.files = one.file
        shape = self.shapes.shape(one.schema, module)
        self.shapes.files = False
        if one.accepts:
            shape = attrs.evolve(shape, accept=one.accepts)
        default = self.default_of(one)
        whole = one.place in ("whole body", "media type")
        travels = ("", one.argument) if whole else (one.place, one.wire)
        if self.is_required(one):
            return views.Argument(one.argument, shape.accept, "", keyword, *travels)
        if self.tells_null(one):
            unset = use(CODEC, "UNSET")
            annotation = joined(shape.accept, "None", use_in_annotation(CODEC, "Unset"))
            return views.Argument(one.argument, annotation, unset, keyword, *travels)
        simple = type(default) in (bool, int, str) and not one.client_default
        simple = simple and not one.optional_body
        shown = literal(default) if simple else "None"
        if (
            type(default) is str
            and builtin("str") not in shape.accept
            and "Literal" not in (shape.accept)
        ):
            shown = "None"
        return views.Argument(one.argument, joined(shape.accept, "None"), shown, keyword, *travels)

    def tells_null(self, one: Given) -> bool:
        """Tell whether null and absent are two things for an argument."""
        return one.place == "body" and self.shapes.nullable(one.schema)

    def value(self, one: Given) -> str:
        """Return the source of the value that is sent."""
        name = one.argument
        default = self.default_source(one)
        if not default:
            return name
        unset = use(CODEC, "UNSET") if self.tells_null(one) and not one.client_default else "None"
        return f"{default} if {name} is {unset} else {name}"

    def default_source(self, one: Given) -> str:
        """Return the source of what is sent when the caller leaves a value out, empty for nothing."""
        if one.client_default:
            return f"config.{one.client_default}"
        default = self.default_of(one)
        return "" if default is None or self.is_required(one) else literal(default)

    def parameter(self, parameter: Parameter, module: str) -> str:
        arguments = [
            literal(parameter.name),
            literal(parameter.location),
            self.shapes.plain(parameter.schema, module).runtime,
        ]
        if parameter.required:
            arguments.append("required=True")
        style = parameter.style
        default_style = "simple" if parameter.location in ("path", "header") else "form"
        if style is not None and style != default_style:
            arguments.append(f"style={literal(style)}")
        effective = style or default_style
        if parameter.explode is not None and parameter.explode != (effective == "form"):
            arguments.append(f"explode={parameter.explode}")
        if parameter.allow_reserved:
            arguments.append("allow_reserved=True")
        if parameter.json:
            arguments.append("json=True")
        return f"{use('molam_overlays.parameters', 'Parameter')}({', '.join(arguments)})"

    def body(self, media: Media, operation: Operation, module: str) -> str:
        assert operation.body is not None
        arguments = [self.body_shape(media, module).runtime]
        if media.media != JSON:
            arguments.append(f"media={literal(media.media)}")
        if not operation.body.required:
            arguments.append("required=False")
        rules = [
            f"{literal(name)}: {rule}"
            for name, given in media.encoding.items()
            if (rule := self.encoding(given, pointers.join(media.at, "encoding", name)))
        ]
        if rules and kind_of(media.media) in ("form", "multipart"):
            arguments.append(f"encoding={{{', '.join(rules)}}}")
        return f"{use(OPERATION, 'Body')}({', '.join(arguments)})"

    def encoding(self, given: Mapping[str, Any], at: str) -> str:
        """Return the source of how one property is written; empty when nothing is said."""
        arguments = []
        if "contentType" in given:
            arguments.append(f"media={literal(given['contentType'])}")
        headers: dict[str, str] = {}
        for name, raw in (given.get("headers") or {}).items():
            header, _ = self.document.follow(raw, pointers.join(at, "headers", name))
            schema = header.get("schema") or {}
            fixed = schema.get("const", schema.get("default"))
            if fixed is None and len(schema.get("enum") or ()) == 1:
                (fixed,) = schema["enum"]
            if fixed is None:
                raise self.document.error(
                    f"The header {name} of a part has no fixed value",
                    pointers.join(at, "headers", name),
                    "Give its schema a const or a default, or leave the header out",
                )
            headers[name] = str(fixed)
        if headers:
            arguments.append(f"headers={literal(headers)}")
        for keyword, argument in (("style", "style"), ("explode", "explode"),
                                  ("allowReserved", "allow_reserved")):  # fmt: skip
            if keyword in given:
                arguments.append(f"{argument}={literal(given[keyword])}")
        return f"{use(OPERATION, 'Encoding')}({', '.join(arguments)})" if arguments else ""

    def results(
        self, operation: Operation, module: str
    ) -> tuple[list[str], str, str, list[views.Item]]:
        """Return the results of an operation, their annotations, and how it pages."""
        successes = successful(operation)
        found: list[str] = []
        annotations: list[str] = []
        for answer in successes:
            arguments: list[str]
            medias = emitted(answer.media, self.has_parts)
            if not medias:
                arguments = ["None", literal(answer.status)]
                found.append(f"{use(OPERATION, 'Result')}({', '.join(arguments)})")
                annotations.append("None")
            for media in medias:
                shape = self.body_shape(media, module)
                arguments = [shape.runtime, literal(answer.status)]
                if media.media != JSON:
                    arguments.append(f"media={literal(media.media)}")
                found.append(f"{use(OPERATION, 'Result')}({', '.join(arguments)})")
                annotations.append(shape.read)
        result = joined(*annotations) if annotations else "None"
        rule = operation.facts.get("x-molam-page")
        if rule is None:
            return found, result, result, []
        at = pointers.join(operation.at, "x-molam-page")
        queries = {p.name for p in operation.parameters if p.location == "query"}
        for name in ("limit", "offset"):
            if str(rule.get(name)) not in queries:
                raise self.document.error(
                    f"x-molam-page of {operation.id} names {rule.get(name)}, which is no query "
                    "parameter of it",
                    at,
                    "Name query parameters that are integers",
                )
        listed = ", ".join(f"{name}={literal(str(value))}" for name, value in rule.items())
        (media,) = (media for answer in successes for media in answer.media)
        assert media.schema is not None
        home = self.homes[self.shapes.target(media.schema).key]
        async_result = use(home.module, f"Async{home.name}")
        return (
            found,
            result,
            async_result,
            [
                views.Item("page", f"{use(OPERATION, 'PageRule')}({listed})"),
                views.Item("async_page", async_result),
            ],
        )

    def method_doc(
        self,
        operation: Operation,
        given: Sequence[Given],
        ordered: Sequence[tuple[Given, bool]],
        keyed: bool,
        place: int | None,
        paged: bool,
    ) -> str:
        indent = 8
        facts = operation.facts
        summary = sentence(" ".join(readable(str(facts.get("summary") or "")).split()))
        description = readable(str(facts.get("description") or ""))
        lines = wrap(summary or sentence(description.partition("\n\n")[0]), WIDTH - indent)
        if not lines:
            lines = [f"Call ``{comment(operation.title)}``."]
            if len(lines[0]) > WIDTH - indent:
                lines = wrap(lines[0], WIDTH - indent)
        if summary and description:
            lines += ["", *wrap(sentence(description), WIDTH - indent)]
        deprecated = deprecation(facts)
        if deprecated:
            lines += ["", *wrap(deprecated, WIDTH - indent)]
        entries = []
        for one, _ in ordered:
            text = one.doc
            default = self.default_of(one)
            if one.client_default:
                text += f" Default: the client's `{one.client_default}`."
            elif default is not None and "default" not in text.lower():
                text += f" {default_of(default)}"
            entries.append((one.argument, text.strip()))
        if keyed:
            key = next(p for p in operation.parameters if is_key(p))
            said = readable(str(key.facts.get("description") or ""))
            text = f"{sentence(said)} Made when left out.".strip()
            entries.insert(len(entries) if place is None else place, ("idempotency_key", text))
        options = "`timeout`, `max_retries`, `deadline`, `extra_headers`"
        if any(kind_of(m.media) == "bytes" for one in successful(operation) for m in one.media):
            options += ", `into`: a file to write the answer to as it arrives"
        entries.append(("options", f"{options}."))
        lines += section("Args", entries, indent)
        results = returned(successful(operation))
        if results:
            body = [line for text in results for line in wrap(text, WIDTH - indent - 4)]
            lines += ["", "Returns:", *("    " + line if line else "" for line in body)]
        errors = raised(operation)
        if not any(name == "ApiError" for name, _ in errors):
            errors.append(("MolamError", "any other failure; see `molam_sdk.exceptions`.".replace(
                "molam_sdk", self.name)))  # fmt: skip
        if given:
            errors.insert(0, ("ValidationError", "an argument breaks a rule; nothing was sent."))
        lines += section("Raises", errors, indent)
        lines += section("Callbacks, sent to you", self.callbacks(operation), indent)
        source = f"Source: {self.document.name}, {comment(operation.title)}"
        lines += ["", *wrap(source, WIDTH - indent)]
        return quoted(lines, indent)

    def callbacks(self, operation: Operation) -> list[tuple[str, str]]:
        """Return what the server will send back, by the name of the callback."""
        found = []
        for called in operation.callbacks:
            schema = called.body.media[0].schema if called.body and called.body.media else None
            name = ""
            if schema is not None and schema.kind == "ref":
                name = self.homes[self.shapes.target(schema).key].name
            said = readable(
                str(called.facts.get("description") or called.facts.get("summary") or "")
            )
            payload = f"`{called.method.upper()}` with `{self.name}.models.{name}`." if name else ""
            found.append((comment(called.path), f"{sentence(said)} {payload}".strip()))
        return found

    # Clients

    def client(
        self,
        functions: Sequence[tuple[views.ApiModule, Sequence[views.Function]]],
        events: views.Events | None,
        name: str,
        *,
        asynchronous: bool,
    ) -> views.Client:
        module = f"{self.name}.{'async_client' if asynchronous else 'client'}"
        taken = {f.name for _, listed in functions for f in listed}
        arguments = {
            argument.name for _, listed in functions for f in listed
            for argument in f.method_arguments
        }  # fmt: skip
        methods = []
        for api, listed in functions:
            used = use(f"{self.name}.api", api.alias)
            for function in listed:
                methods.append(
                    (
                        used,
                        attrs.evolve(
                            function,
                            attributes=(),
                            arguments=(),
                            groups=(),
                            body="",
                            result="" if asynchronous else function.result,
                            async_result=function.async_result if asynchronous else "",
                        ),
                    )
                )
        kind = "Async client" if asynchronous else "Blocking client"
        title = comment(str(self.api.info.get("title") or "API"))
        view = views.Client(
            name=name,
            doc=paragraph_doc(f"{kind} of the {title}.", 4),
            functions=tuple(methods),
            events=events is not None,
            event_type=use(f"{self.name}.events", "WebhookEvent") if events else "",
        )
        fixed = (
            use("molam_overlays.clients", "Awaiting" if asynchronous else "Blocking"),
            *(
                (
                    use_for_types("typing_extensions", "Unpack"),
                    use_for_types("molam_overlays.config", "CallOptions"),
                )
                if methods
                else ()
            ),
            use("typing", "ClassVar"),
            use(self.name, "__version__"),
            use(f"{self.name}.config", "Config"),
            *([use(f"{self.name}.events", "construct_event")] if events else []),
        )
        # Method names hide builtins and imports inside the class.
        (settled, _), imports = settle((view, fixed), here=module, taken=taken | arguments)
        return attrs.evolve(settled, imports=imports)

    # Events

    def events(self) -> views.Events | None:
        if not self.api.webhooks:
            return None
        found: dict[str, tuple[str, str]] = {}
        for webhook in self.api.webhooks:
            schema = webhook.body.media[0].schema if webhook.body and webhook.body.media else None
            target = self.shapes.target(schema) if schema and schema.kind == "ref" else None
            if target is None or target.schema.kind != "object":
                raise self.document.error(
                    f"The webhook {shown(webhook.path)} has no object as its body",
                    webhook.at,
                    "Describe the event as an object",
                )
            said = webhook.facts.get("description") or webhook.facts.get("summary") or ""
            for kind in self.event_types(webhook, target):
                found.setdefault(kind, (target.key, sentence(readable(str(said)))))
        home = {key: self.homes[key] for key, _ in found.values()}
        base = self.event_base([key for key, _ in found.values()])
        base_token = (
            use(MODEL, "Model")
            if base is None
            else use(self.homes[base].module, self.homes[base].name)
        )
        view = views.Events(
            events=tuple(
                views.Event(literal(kind), use(home[key].module, home[key].name), doc)
                for kind, (key, doc) in found.items()
            ),
            base=base_token,
            classes=tuple(
                dict.fromkeys(use(home[key].module, home[key].name) for key, _ in found.values())
            ),
        )
        overlay = "molam_overlays"
        fixed = (
            use("typing", "Final"), use("typing", "Literal"), use("typing", "TypeAlias"),
            use("typing", "overload"), use("typing", "TypeVar"),
            use("typing", "Any"),
            use("collections.abc", "Mapping"), use("collections.abc", "Callable"),
            use(f"{overlay}.webhooks", "DEFAULT_TOLERANCE_MS"),
            use(f"{overlay}.frames", "sealed"),
            use_for_types(f"{overlay}.webhooks", "SecretSource"),
        )  # fmt: skip
        own = {
            "EVENTS",
            "EventType",
            "WebhookEvent",
            "EventRouter",
            "construct_event",
            "read_event",
        }
        (settled, _), imports = settle((view, fixed), here=f"{self.name}.events", taken=own)
        names = sorted({*own, *settled.classes, settled.base}, key=isort)
        return attrs.evolve(settled, names=tuple(names), imports=imports)

    def event_types(self, webhook: Operation, target: Named) -> tuple[str, ...]:
        """Return the values of ``type`` that name an event; the webhook's key without them."""
        prop = self.all_properties(target.key).get("type")
        if prop is not None:
            solid = self.solid(prop)
            if solid.kind == "enum" and all(isinstance(value, str) for value in solid.values):
                return solid.values
        return (webhook.path,)

    def event_base(self, keys: Sequence[str]) -> str | None:
        """Return the key of the one object that all events extend."""
        bases = {self.api.named[key].schema.base for key in keys}
        return bases.pop() if len(bases) == 1 and "" not in bases else None
