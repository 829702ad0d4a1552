"""Where calls go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from generator.decide.prose import one_line, sentence
from generator.understand.api import Api, Operation


def address(server: Mapping[str, Any]) -> str:
    """Return a server's URL, its variables at their defaults."""
    url = str(server.get("url") or "")
    for name, variable in (server.get("variables") or {}).items():
        url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
    return url.rstrip("/")


def usual_server(api: Api) -> str:
    """Return the address that calls go to by default; empty where the document names none."""
    url = address(api.servers[0]) if api.servers else ""
    if url.startswith("//"):
        # On the scheme that the document came by, and ours is https.
        url = f"https:{url}"
    # A relative one is a path on a host that the document does not name.
    return url if "://" in url else ""


def usual_prefix(api: Api) -> str:
    """Return the path that a relative server names, on whatever host; empty for none."""
    url = address(api.servers[0]) if api.servers else ""
    first = url.partition("/")[0]
    if usual_server(api) or "{" in url or ("." in first and first.strip(".")):
        # What has a dot before its first slash is a host that somebody forgot the scheme of.
        return ""
    return urlsplit(urljoin("https://host/", url)).path.rstrip("/")


def servers_doc(api: Api) -> str:
    """Return what the document says of the servers."""
    if not api.servers:
        return "The document names no server: `api_base` is required."
    if not usual_server(api):
        url = address(api.servers[0])
        said = f"The document names the server {url!r} only: `api_base` is required."
        if prefix := usual_prefix(api):
            said += f" Unless it has a path of its own, `{prefix}` is put behind it."
        return said
    described = ((server.get("url"), one_line(server.get("description"))) for server in api.servers)
    return "\n\n".join(f"``{url}``: {sentence(said)}" for url, said in described if said)


def own_server(api: Api, operation: Operation) -> str:
    """Return where an operation lives that has a server of its own; empty for the client's."""
    known = {str(server.get("url")) for server in api.servers}
    urls = [str(server.get("url")) for server in operation.servers]
    if not urls or not known.isdisjoint(urls):
        return ""
    url = address(operation.servers[0])
    if "://" not in url and usual_server(api):
        url = urljoin(usual_server(api) + "/", url).rstrip("/")
    if "://" not in url:
        api.document.wrong(
            f"The server {url!r} of {operation.title} is relative, and so to no host",
            operation.at,
            "Write it with a host",
            "relative-server",
        )
        return ""
    return "" if url == usual_server(api) else url
