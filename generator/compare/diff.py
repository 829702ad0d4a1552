"""Two documents, and what the step from one to the other means for users of the package."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs

from generator.compare.access import covers, requirements_of, ways_of, without_words
from generator.compare.changes import Change, Collector, grouped
from generator.compare.events import payload_name
from generator.compare.methods import shape
from generator.compare.report import Report
from generator.compare.rules import CLIENT, MODULE, WORDS, Section, Verdict
from generator.compare.schemas.pair import Pair
from generator.compare.schemas.renames import renames
from generator.compare.schemas.walk import Compatibility
from generator.compare.surface import Argument, Method, Surface
from generator.compare.users import handed_over
from generator.compare.wording import differences
from generator.read import pointer as pointers
from generator.read.document import Document
from generator.read.position import Position
from generator.text.markdown import first_sentence, readable
from generator.understand.schema import Schema


def compare(old: Document, new: Document) -> Report:
    """Class every change between two documents by what it does to users.

    Raises:
        DocumentError: one of them cannot be emitted.
    """
    return compare_surfaces(Surface(old), Surface(new))


def compare_surfaces(old: Surface, new: Surface) -> Report:
    """Class every change between two planned packages."""
    return _Comparison(old, new).report()


class _Comparison:
    def __init__(self, old: Surface, new: Surface) -> None:
        self.old = old
        self.new = new
        self.changes = Collector()
        self.schemas = Compatibility(old, new, self.changes)
        self.flat: dict[str, Method] = {}
        """Objects whose properties are the arguments of a method."""

    def report(self) -> Report:
        self.methods()
        self.events()
        self.models()
        self.servers()
        self.security_schemes()
        self.texts()
        return Report(
            self.old.document.name,
            self.new.document.name,
            tuple(self.with_users(change) for change in grouped(self.changes.sorted())),
        )

    def with_users(self, change: Change) -> Change:
        """Say which methods and events a change of a model reaches."""
        users = self.users.get(change.subject.partition(".")[0])
        if users is not None and not change.used_by[1:]:
            return attrs.evolve(change, used_by=tuple(users))
        # Its own name says it already.
        others = tuple(one for one in change.used_by if not change.subject.startswith(one))
        return attrs.evolve(change, used_by=others)

    @cached_property
    def users(self) -> dict[str, list[str]]:
        """Models of the new package to the methods and events that they come and go with."""
        found: dict[str, list[str]] = {}
        for user, schemas in handed_over(self.new):
            todo, seen = list(schemas), set[str]()
            while todo:
                schema = todo.pop()
                if schema.kind == "ref":
                    if schema.target in seen:
                        continue
                    seen.add(schema.target)
                    name = self.new.name(schema)
                    if name and user not in found.setdefault(name, []):
                        found[name].append(user)
                    todo.append(self.new.api.named[schema.target].schema)
                todo.extend(schema.parts())
                if schema.base:
                    todo.append(Schema(at=schema.at, kind="ref", target=schema.base))
        return found

    def note(
        self,
        rule: str,
        verdict: Verdict,
        subject: str,
        what: str,
        position: Position | None,
        *,
        advice: str = "",
        section: Section = "Changed",
        used_by: tuple[str, ...] = (),
    ) -> None:
        self.changes.add(Change(verdict, rule, subject, what, advice, section, position, used_by))

    def was(self, pointer: str) -> Position:
        return self.old.document.position(pointer)

    def is_(self, pointer: str) -> Position:
        return self.new.document.position(pointer)

    # Methods

    def methods(self) -> None:
        before, after = self.old.methods, self.new.methods
        pairs = {name: name for name in before if name in after}
        left = {
            (m.operation.method, m.operation.path): n for n, m in after.items() if n not in pairs
        }
        for name, method in before.items():
            key = (method.operation.method, method.operation.path)
            if name not in pairs and key in left:
                pairs[name] = left.pop(key)
        for name, method in before.items():
            if name in pairs:
                self.method(method, after[pairs[name]])
            else:
                self.note(
                    "method-removed",
                    "breaking",
                    method.name,
                    "was removed from both clients",
                    self.was(method.operation.at),
                    advice="Do without it",
                    section="Removed",
                )
        for name, method in after.items():
            if name not in pairs.values():
                said = str(method.operation.facts.get("summary") or "")
                said = first_sentence(readable(said)).rstrip(".")
                self.note(
                    "method-added",
                    "additive",
                    method.name,
                    "is new on both clients" + (f": {said}" if said else ""),
                    self.is_(method.operation.at),
                    section="Added",
                )

    def method(self, old: Method, new: Method) -> None:
        at = self.is_(new.operation.at)
        name = new.name
        if old.name != new.name:
            self.note(
                "method-renamed",
                "breaking",
                old.name,
                f"is now called `{new.name}`",
                self.is_(pointers.join(new.operation.at, "operationId")),
                advice=f"Call {new.name}",
            )
        if shape(old.operation) != shape(new.operation):
            self.note(
                "path-changed",
                "breaking",
                name,
                f"calls {new.operation.title} now, {old.operation.title} before",
                at,
                advice="Idempotency keys do not reach over: finish what is in flight first"
                if new.keyed
                else "Update what matches the path, such as allow lists and tests",
            )
        if old.module != new.module:
            self.note(
                "module-changed",
                "breaking",
                name,
                f"moved from `{old.module}` to `{new.module}`",
                self.is_(pointers.join(new.operation.at, "tags")),
                advice="Import its function from there; the method of the clients stays",
            )
        self.deprecation(old, new)
        self.key(old, new)
        self.arguments(old, new)
        self.bodies(old, new)
        self.results(old, new)
        self.pages(old, new)
        self.security(old, new)
        self.operation_servers(old, new)
        self.answers(old, new)

    def deprecation(self, old: Method, new: Method) -> None:
        was = bool(old.operation.facts.get("deprecated"))
        is_ = bool(new.operation.facts.get("deprecated"))
        at = self.is_(pointers.join(new.operation.at, "deprecated"))
        if is_ and not was:
            self.note(
                "deprecated",
                "additive",
                new.name,
                "is deprecated and warns with a DeprecationWarning",
                at,
                advice="Look for what replaces it",
                section="Deprecated",
            )
        elif was and not is_:
            self.note("not-deprecated", "additive", new.name, "is no longer deprecated", at)

    def key(self, old: Method, new: Method) -> None:
        if old.keyed and not new.keyed:
            self.note(
                "key-removed",
                "breaking",
                f"{new.name}(idempotency_key)",
                "was removed: the call cannot be repeated safely any more",
                self.is_(new.operation.at),
                advice="Look before you repeat a call whose fate is unknown",
                section="Removed",
            )
        elif new.keyed and not old.keyed:
            self.note(
                "key-added",
                "additive",
                f"{new.name}(idempotency_key)",
                "is new: the call can be repeated safely",
                self.is_(new.operation.at),
                section="Added",
            )

    # Arguments

    def arguments(self, old: Method, new: Method) -> None:
        before = {(a.place, a.wire): a for a in old.arguments if a.place != "key"}
        after = {(a.place, a.wire): a for a in new.arguments if a.place != "key"}
        pairs = {key: key for key in before if key in after}
        gone = [key for key in before if key not in pairs]
        come = [key for key in after if key not in pairs]
        # The same name in another place is the same argument: only the wire changes.
        for key in list(gone):
            other = next((k for k in come if after[k].name == before[key].name), None)
            if other is not None:
                pairs[key] = other
                gone.remove(key)
                come.remove(other)
        renamed = self.renamed_arguments(gone, come, before, after)
        pairs.update(renamed)
        for key, other in pairs.items():
            self.argument(new, before[key], after[other])
        for key in gone:
            if key not in renamed:
                argument = before[key]
                self.note(
                    "argument-removed",
                    "breaking",
                    f"{new.name}({argument.name})",
                    "was removed",
                    self.was(argument.schema.at if argument.schema else old.operation.at),
                    advice="Do not give it",
                    section="Removed",
                )
        for key in come:
            if key not in renamed.values():
                self.new_argument(new, after[key])
        self.order(old, new, {before[k].name: after[v].name for k, v in pairs.items()})

    def renamed_arguments(
        self,
        gone: Sequence[tuple[str, str]],
        come: Sequence[tuple[str, str]],
        before: Mapping[tuple[str, str], Argument],
        after: Mapping[tuple[str, str], Argument],
    ) -> dict[tuple[str, str], tuple[str, str]]:
        old_names = {before[key].name: key for key in gone}
        new_names = {after[key].name: key for key in come}

        def alike(was: str, now: str) -> bool:
            one, other = before[old_names[was]], after[new_names[now]]
            if one.schema is None or other.schema is None:
                return one.annotation == other.annotation
            return self.schemas.alike(one.schema, other.schema)

        def same(was: str, now: str) -> bool:
            one, other = before[old_names[was]].schema, after[new_names[now]].schema
            return one is not None and other is not None and self.schemas.same(one, other)

        found = renames(
            list(old_names),
            list(new_names),
            alike=alike,
            same=same,
        )
        return {old_names[was]: new_names[now] for was, now in found.items()}

    def new_argument(self, method: Method, argument: Argument) -> None:
        at = self.is_(argument.schema.at if argument.schema else method.operation.at)
        subject = f"{method.name}({argument.name})"
        if argument.required:
            self.note(
                "argument-required-added",
                "breaking",
                subject,
                "is new and required",
                at,
                advice="Give it in every call",
                section="Added",
            )
        else:
            self.note("argument-added", "additive", subject, "is new", at, section="Added")

    def argument(self, method: Method, old: Argument, new: Argument) -> None:
        at = self.is_(new.schema.at if new.schema else method.operation.at)
        if old.name != new.name:
            self.note(
                "argument-renamed",
                "breaking",
                f"{method.name}({old.name})",
                f"is now called `{new.name}`",
                at,
                advice=f"Write {new.name}",
            )
        subject = f"{method.name}({new.name})"
        if old.place != new.place:
            self.note(
                "argument-moved",
                "breaking",
                subject,
                f"travels in the {new.place or 'body'} now, in the {old.place or 'body'} before",
                at,
                advice="Nothing in calls; update what looks at requests, such as tests",
            )
        elif old.wire != new.wire and old.name == new.name:
            self.note(
                "wire-name-changed",
                "breaking",
                subject,
                f"is sent as `{new.wire}` now, as `{old.wire}` before",
                at,
                advice="Nothing in calls; update what looks at requests, such as tests",
            )
        if new.required and not old.required:
            self.note(
                "argument-required",
                "breaking",
                subject,
                "is required now",
                at,
                advice="Give it in every call",
            )
        elif old.required and not new.required:
            self.note("argument-optional", "additive", subject, "may be left out now", at)
        known = self.changes.touched(subject)
        if old.schema is not None and new.schema is not None:
            pair = Pair(subject, old.schema, new.schema, "sent", (method.name,), argument=True)
            self.client_default(pair, new)
            self.schemas.default(pair)
            self.schemas.compare(pair)
            if old.place == new.place:
                self.styles(method, old, new, subject)
        if old.annotation != new.annotation and not known:
            self.unexplained(subject, old.annotation, new.annotation, at, (old.schema, new.schema))

    def client_default(self, pair: Pair, argument: Argument) -> None:
        was = pair.old.fact("x-molam-client-default")
        is_ = pair.new.fact("x-molam-client-default")
        if was == is_ or (is_ is None and argument.required):
            return
        at = self.is_(pair.new.at)
        if is_ is None:
            what = f"is not filled in from `Config.{was}` any more"
        elif was is None:
            what = f"is filled in from `Config.{is_}` when it is left out"
        else:
            what = f"is filled in from `Config.{is_}` now, from `Config.{was}` before"
        # A field that had to be given can now be left out: nobody left it out before.
        harmless = was is None and self._had_to_be_given(pair)
        self.note(
            "client-default",
            "additive" if harmless else "breaking",
            pair.subject,
            what,
            at,
            advice="" if harmless else "Give it explicitly to be sure",
        )

    def _had_to_be_given(self, pair: Pair) -> bool:
        method = next(m for m in self.old.methods.values() if self._holds(m, pair.old))
        argument = next(a for a in method.arguments if a.schema is pair.old)
        return argument.required

    @staticmethod
    def _holds(method: Method, schema: Schema) -> bool:
        return any(argument.schema is schema for argument in method.arguments)

    def styles(self, method: Method, old: Argument, new: Argument, subject: str) -> None:
        """Compare how a parameter is written on the wire."""
        one = self._parameter(self.old, old)
        other = self._parameter(self.new, new)
        if one is None or other is None or one == other:
            return
        self.note(
            "style-changed",
            "breaking",
            subject,
            "is written another way on the wire",
            self.is_(method.operation.at),
            advice="Nothing in calls; update what looks at requests, such as tests",
        )

    @staticmethod
    def _parameter(surface: Surface, argument: Argument) -> Any:
        for method in surface.methods.values():
            for parameter in method.operation.parameters:
                if parameter.schema is argument.schema:
                    style = parameter.style or (
                        "form" if parameter.location in ("query", "cookie") else "simple"
                    )
                    explode = style == "form" if parameter.explode is None else parameter.explode
                    return style, explode, parameter.allow_reserved, parameter.json
        return None

    def order(self, old: Method, new: Method, names: Mapping[str, str]) -> None:
        """Compare which arguments may be given by position, and in which order."""
        names = {"idempotency_key": "idempotency_key", **names}
        after = [a.name for a in new.arguments if not a.keyword_only]
        before = [names[a.name] for a in old.arguments if not a.keyword_only and a.name in names]
        present = {a.name for a in new.arguments}
        before = [name for name in before if name in present]
        at = self.is_(pointers.join(new.operation.at, "x-molam-arguments"))
        keyword_now = [name for name in before if name not in after]
        for name in keyword_now:
            self.note(
                "keyword-only",
                "breaking",
                f"{new.name}({name})",
                "can only be given by name now",
                at,
                advice=f"Write {name}=",
            )
        before = [name for name in before if name in after]
        moved = [name for place, name in enumerate(before) if after.index(name) != place]
        removed = any(a.name not in names for a in old.arguments if not a.keyword_only) or bool(
            keyword_now
        )
        kept = [name for name in after if name in before]
        if moved and (kept != before or not removed):
            self.note(
                "order-changed",
                "breaking",
                new.name,
                f"takes positional arguments in the order {', '.join(after)} now, "
                f"{', '.join(a.name for a in old.arguments if not a.keyword_only)} before",
                at,
                advice="Give them by name",
            )
        was_keyword = {names.get(a.name) for a in old.arguments if a.keyword_only}
        for name in after:
            if name in was_keyword:
                self.note(
                    "positional",
                    "additive",
                    f"{new.name}({name})",
                    "can be given by position as well",
                    at,
                )

    # Bodies and results

    def bodies(self, old: Method, new: Method) -> None:
        before = {m.media: m for m in old.operation.body.media} if old.operation.body else {}
        after = {m.media: m for m in new.operation.body.media} if new.operation.body else {}
        at = self.is_(pointers.join(new.operation.at, "requestBody"))
        told = any(a.place == "body" for a in old.arguments) and not after
        for media in before:
            if media not in after and not told:
                self.note(
                    "body-type-removed",
                    "breaking",
                    new.name,
                    f"sends no `{media}` any more",
                    at,
                    advice="Send another type" if after else "Do not give it",
                    section="Removed",
                )
        for media in after:
            if media not in before:
                first = not before
                self.note(
                    "body-type-added",
                    "additive",
                    new.name,
                    f"sends a body of `{media}`" if first else f"can send `{media}` as well",
                    at,
                    section="Added",
                )
        for media, one in before.items():
            other = after.get(media)
            if other is None or one.schema is None or other.schema is None:
                continue
            flat = {a.place for a in old.arguments} | {a.place for a in new.arguments}
            was, now = self.old.solid(one.schema), self.new.solid(other.schema)
            pair = Pair(f"{new.name}(body)", one.schema, other.schema, "sent", (new.name,))
            if was.kind == now.kind == "object" and "body" in flat:
                # Its properties are the arguments, which are compared already.
                self.schemas.meet(pair)
                self.flat.setdefault(self.new.key(other.schema), new)
                self.schemas.extras(attrs.evolve(pair, subject=new.name), was, now)
                self.schemas.rules(attrs.evolve(pair, subject=new.name), was, now)
                names = self.old.name(one.schema), self.new.name(other.schema)
                if names[0] and names[1] and names[0] not in {names[1], *self.new.names}:
                    self.schemas.one_type(pair, names[0], names[1])
            else:
                self.schemas.compare(pair)
            if json.dumps(one.encoding, sort_keys=True) != json.dumps(
                other.encoding, sort_keys=True
            ):
                self.note(
                    "encoding-changed",
                    "breaking",
                    new.name,
                    f"writes the parts of `{media}` another way",
                    self.is_(other.at),
                    advice="Nothing in calls; update what looks at requests, such as tests",
                )

    def results(self, old: Method, new: Method) -> None:
        at = self.is_(pointers.join(new.operation.at, "responses"))
        before, after = old.success, new.success
        for media, one in before.items():
            other = after.get(media)
            if other is None or one.schema is None or other.schema is None:
                continue
            self.schemas.compare(
                Pair(
                    f"{new.name}()",
                    one.schema,
                    other.schema,
                    "received",
                    (new.name,),
                )
            )
        if old.result != new.result:
            renamed = self.schemas.renamed.get(old.result) == new.result
            if not renamed and f"{new.name}()" not in self.changes:
                self.note(
                    "result-changed",
                    "breaking",
                    f"{new.name}()",
                    f"returns `{new.result}` now, `{old.result}` before",
                    at,
                    advice=f"Expect {new.result}",
                )

    def pages(self, old: Method, new: Method) -> None:
        was, is_ = (m.operation.facts.get("x-molam-page") for m in (old, new))
        if was == is_:
            return
        at = self.is_(pointers.join(new.operation.at, "x-molam-page"))
        subject = f"{new.name}()"
        if was is None:
            what, advice = "returns a page that iterates on, not a single object", "Iterate over it"
        elif is_ is None:
            what, advice = "does not return a page any more", "Ask for the next one yourself"
        else:
            changed = ", ".join(key for key in is_ if was.get(key) != is_[key])
            what, advice = f"pages in another way ({changed})", "Check code that pages by hand"
        self.note("page-changed", "breaking", subject, what, at, advice=advice)

    def answers(self, old: Method, new: Method) -> None:
        """Compare documented failures, and the headers of what succeeds."""
        at = self.is_(pointers.join(new.operation.at, "responses"))
        before = {r.status: r for r in old.operation.responses}
        after = {r.status: r for r in new.operation.responses}
        for status in before.keys() - after.keys():
            self.note(
                "status-removed",
                "documentation",
                f"{new.name}()",
                f"is no longer said to answer with {status}",
                at,
            )
        for status in after.keys() - before.keys():
            self.note(
                "status-added",
                "documentation",
                f"{new.name}()",
                f"may answer with {status}",
                at,
            )
        for status, one in before.items():
            other = after.get(status)
            if other is None:
                continue
            was = {h.name.lower(): h for h in one.headers}
            is_ = {h.name.lower(): h for h in other.headers}
            ok = status[:1] in "2d"
            for name in was:
                if name not in is_:
                    self.note(
                        "header-removed",
                        "breaking" if ok else "documentation",
                        f"{new.name}()",
                        f"answers {status} without the header `{was[name].name}`",
                        self.was(was[name].at),
                        advice="Do without it" if ok else "",
                        section="Removed",
                    )
            for name in is_:
                if name not in was:
                    self.note(
                        "header-added",
                        "additive" if ok else "documentation",
                        f"{new.name}()",
                        f"answers {status} with the header `{is_[name].name}`",
                        self.is_(is_[name].at),
                        section="Added",
                    )

    # Security and servers

    def security(self, old: Method, new: Method) -> None:
        before = requirements_of(self.old, old.operation)
        after = requirements_of(self.new, new.operation)
        if before == after:
            return
        at = self.is_(
            pointers.join(new.operation.at, "security")
            if "security" in new.operation.facts
            else "/security"
        )
        lost = [one for one in before if not any(covers(other, one) for other in after)]
        subject = (
            new.name
            if "security" in new.operation.facts or "security" in (old.operation.facts)
            else CLIENT
        )
        if lost:
            self.note(
                "security-tightened",
                "breaking",
                subject,
                f"authenticates by {ways_of(after)} now, by {ways_of(before)} before",
                at,
                advice="Give the client these credentials",
                section="Security",
            )
        else:
            self.note(
                "security-loosened",
                "additive",
                subject,
                f"authenticates by {ways_of(after)}, by {ways_of(before)} before",
                at,
                section="Security",
            )

    def security_schemes(self) -> None:
        before, after = self.old.api.security_schemes, self.new.api.security_schemes
        for name in before:
            at = pointers.join("/components/securitySchemes", name)
            if name not in after:
                self.note(
                    "security-scheme-removed",
                    "breaking",
                    CLIENT,
                    f"cannot authenticate by `{name}` any more",
                    self.was(at),
                    advice="Authenticate another way",
                    section="Security",
                )
            elif without_words(before[name]) != without_words(after[name]):
                self.note(
                    "security-scheme-changed",
                    "breaking",
                    CLIENT,
                    f"authenticates by `{name}` in another way",
                    self.is_(at),
                    advice="Check the credentials that you give it",
                    section="Security",
                )
            elif before[name].get("bearerFormat") != after[name].get("bearerFormat"):
                self.note(
                    "key-form-changed",
                    "breaking",
                    CLIENT,
                    f"takes keys of another form: {after[name].get('bearerFormat') or 'any'}",
                    self.is_(at),
                    advice="Check the key that you give it",
                    section="Security",
                )
        for name in after:
            if name not in before:
                self.note(
                    "security-scheme-added",
                    "additive",
                    CLIENT,
                    f"knows the security scheme `{name}`",
                    self.is_(pointers.join("/components/securitySchemes", name)),
                    section="Security",
                )

    def servers(self) -> None:
        was, is_ = self.old.package.server, self.new.package.server
        if was != is_:
            self.note(
                "server-changed",
                "breaking",
                "Config.api_base",
                f"is `{is_}` by default now, `{was}` before",
                self.is_("/servers/0/url"),
                advice="Give api_base to stay where you are",
            )
        before = [str(server.get("url")) for server in self.old.api.servers]
        after = [str(server.get("url")) for server in self.new.api.servers]
        for index, url in enumerate(before):
            if url not in after and index:
                self.note(
                    "server-removed",
                    "breaking",
                    "Config.api_base",
                    f"should not be `{url}` any more",
                    self.was(f"/servers/{index}"),
                    advice="Use another server",
                    section="Removed",
                )
        for index, url in enumerate(after):
            if url not in before and index:
                self.note(
                    "server-added",
                    "additive",
                    "Config.api_base",
                    f"may be `{url}`",
                    self.is_(f"/servers/{index}"),
                    section="Added",
                )

    def operation_servers(self, old: Method, new: Method) -> None:
        was = [server.get("url") for server in old.operation.servers]
        is_ = [server.get("url") for server in new.operation.servers]
        if was != is_:
            self.note(
                "server-changed",
                "breaking",
                new.name,
                f"goes to {is_[0] if is_ else 'the usual server'} now",
                self.is_(new.operation.at),
                advice="Let your network reach it",
            )

    # Events and models

    def events(self) -> None:
        before = {webhook.path: webhook for webhook in self.old.api.webhooks}
        after = {webhook.path: webhook for webhook in self.new.api.webhooks}
        gone = [name for name in before if name not in after]
        come = [name for name in after if name not in before]
        renamed = renames(
            gone,
            come,
            alike=lambda was, now: False,
            same=lambda was, now: (
                payload_name(self.old, before[was]) == payload_name(self.new, after[now])
            ),
        )
        for name in gone:
            if name in renamed:
                self.note(
                    "event-renamed",
                    "breaking",
                    name,
                    f"is now called `{renamed[name]}`",
                    self.is_(after[renamed[name]].at),
                    advice=f"Handle {renamed[name]}",
                )
            else:
                self.note(
                    "event-removed",
                    "breaking",
                    name,
                    "is not sent as an event any more",
                    self.was(before[name].at),
                    advice="Do not wait for it",
                    section="Removed",
                )
        for name in come:
            if name not in renamed.values():
                self.note(
                    "event-added",
                    "additive",
                    name,
                    "is a new event",
                    self.is_(after[name].at),
                    section="Added",
                )
        for name, webhook in before.items():
            other = after.get(renamed.get(name, name))
            if other is None or webhook.body is None or other.body is None:
                continue
            for one, two in zip(webhook.body.media, other.body.media, strict=False):
                if one.schema is not None and two.schema is not None:
                    event = self.new.name(two.schema) or other.path
                    self.schemas.compare_present(
                        Pair(event, one.schema, two.schema, "received", (other.path,))
                    )

    def models(self) -> None:
        """Compare what nothing refers to, and the names that can be imported."""
        for key, model in self.old.models.items():
            other = self.new.models.get(key)
            if other is None or key in self.schemas.met_old or key not in self.old.api.named:
                continue
            if key not in self.new.api.named:
                continue
            was, is_ = self.old.api.named[key].schema, self.new.api.named[key].schema
            pair = Pair(
                other.name,
                Schema(at=was.at, kind="ref", target=key),
                Schema(at=is_.at, kind="ref", target=key),
                "received",
                (),
            )
            self.schemas.compare(pair)
            del model
        self.removed_models()
        self.annotations()

    def removed_models(self) -> None:
        old_keys = {model.name: key for key, model in self.old.models.items()}
        new_keys = {model.name: key for key, model in self.new.models.items()}
        for name in sorted(self.old.names - self.new.names):
            if name not in old_keys or name in self.schemas.renamed:
                continue
            self.note(
                "model-removed",
                "breaking",
                name,
                "was removed from the models",
                self.was(old_keys[name].removesuffix("#kinds")),
                advice="Do not import it",
                section="Removed",
            )
        renamed = set(self.schemas.renamed.values())
        for name in sorted(self.new.names - self.old.names):
            if name in new_keys and name not in renamed:
                self.note(
                    "model-added",
                    "additive",
                    name,
                    "is a new model",
                    self.is_(new_keys[name].removesuffix("#kinds")),
                    section="Added",
                )

    def annotations(self) -> None:
        """Note attributes whose annotation changed for a reason that no rule knows."""
        for key, model in self.old.models.items():
            other = self.new.models.get(key)
            if other is None or key in self.flat:
                continue
            for wire, annotation in model.annotations.items():
                now = other.annotations.get(wire)
                subject = f"{other.name}.{other.attributes.get(wire, wire)}" if wire else other.name
                if now is None or now == annotation or self.changes.touched(subject):
                    continue
                schemas = (
                    self._property(self.old, key, wire),
                    self._property(self.new, key, wire),
                )
                self.unexplained(
                    subject, annotation, now, self.is_(key.removesuffix("#kinds")), schemas
                )

    @staticmethod
    def _property(surface: Surface, key: str, wire: str) -> Schema | None:
        named = surface.api.named.get(key)
        if named is None:
            return None
        return surface.properties(named.schema).get(wire) if wire else named.schema

    def unexplained(
        self,
        subject: str,
        old: str,
        new: str,
        at: Position,
        schemas: tuple[Schema | None, Schema | None],
    ) -> None:
        """Note a type that is another one, unless something in it is known to have changed."""
        for was, name in self.schemas.renamed.items():
            old = old.replace(was, name)
        if old == new:
            return
        one, other = schemas
        for surface, schema in ((self.old, one), (self.new, other)):
            model = surface.name(schema) if schema is not None else None
            if model and self.changes.touched(model):
                return
        if self.changes.touched(subject):
            return
        self.note(
            "type-changed",
            "breaking",
            subject,
            f"is `{new}` now, `{old}` before",
            at,
            advice="Check what you do with it",
        )

    # Words

    def texts(self) -> None:
        """Note what only readers see, and what is written another way to the same effect."""
        for pointer, word in differences(self.old.document.root, self.new.document.root):
            subject = self.subject(pointer)
            if word in WORDS and (word != "tags" or pointer.startswith("/tags")):
                self.note("text", "documentation", subject, f"has {WORDS[word]}", self.is_(pointer))
            elif not self.explained(subject, word):
                self.note(
                    "rewritten",
                    "documentation",
                    subject,
                    "is written another way, which changes nothing in the package",
                    self.is_(pointer),
                )

    def explained(self, subject: str, word: str) -> bool:
        """Return whether a change is known that a difference belongs to."""
        whole = re.split(r"[.(]", subject)[0]
        if word == "$ref" and self.schemas.renamed:
            return True
        return self.changes.touched(whole) or whole in self.explained_names

    @cached_property
    def explained_names(self) -> set[str]:
        """What is there under another name, and what was told under the name of its users."""
        found = set(self.schemas.renamed.values())
        for change in self.changes.sorted():
            if change.rule in ("method-renamed", "event-renamed"):
                found.update(re.findall(r"`([^`]+)`", change.what))
            if change.rule.startswith(("status-", "header-")):
                found.update(self.document_responses)
        return found

    @cached_property
    def document_responses(self) -> set[str]:
        components = self.new.document.root.get("components", {})
        return {*components.get("responses", {}), *components.get("headers", {})}

    def subject(self, pointer: str) -> str:
        """Return what a place of the document is in Python."""
        tokens = pointers.split(pointer)
        for surface in (self.new, self.old):
            for method in surface.methods.values():
                at = method.operation.at
                if (pointer + "/").startswith(at + "/") or at.startswith(pointer + "/"):
                    return method.name if tokens[1:] else MODULE
                for parameter in method.operation.parameters:
                    if (pointer + "/").startswith(parameter.at + "/"):
                        found = method.find(parameter.location, parameter.name)
                        return f"{method.name}({found.name})" if found else method.name
        match tokens:
            case ["servers", *_]:
                return "Config.api_base"
            case ["security", *_] | ["components", "securitySchemes", *_]:
                return CLIENT
            case ["webhooks", name, *_]:
                return name
            case ["components", "schemas", name, *rest]:
                return self.model_subject(pointers.make(tokens[:3]), name, rest)
            case ["components", _, name, *_]:
                return name
            case _:
                return MODULE

    def model_subject(self, key: str, name: str, rest: Sequence[str]) -> str:
        wire = rest[rest.index("properties") + 1 :][:1] if "properties" in rest else []
        method = self.flat.get(key)
        if method is not None:
            argument = method.find("body", wire[0]) if wire else None
            return f"{method.name}({argument.name})" if argument else method.name
        model = self.new.models.get(key) or self.old.models.get(key)
        name = model.name if model else name
        return f"{name}.{self.new.attribute(key, wire[0])}" if wire else name
