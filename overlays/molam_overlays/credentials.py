"""How a client proves who it is: where the key travels, as the document's security scheme says."""

from __future__ import annotations

import base64
from typing import Literal
from urllib.parse import quote

import attrs


@attrs.frozen
class Credentials:
    """The place of the key in a request."""

    place: Literal["header", "query", "cookie", "nowhere"] = "header"
    name: str = "Authorization"
    """The header field, query parameter or cookie."""
    scheme: str = "Bearer"
    """What stands before the key in the header: ``Bearer``, ``Basic``, or nothing.

    With ``Basic`` the key is a user name and a password, a colon between them (RFC 7617).
    """

    def headers(self, key: str) -> dict[str, str]:
        """Return the header fields that carry a key."""
        if self.place == "cookie":
            return {"Cookie": f"{self.name}={quote(key, safe='')}"}
        if self.place != "header":
            return {}
        if self.scheme == "Basic":
            key = base64.b64encode(key.encode()).decode("ascii")
        return {self.name: f"{self.scheme} {key}" if self.scheme else key}

    def query(self, key: str) -> str:
        """Return the piece of the query string that carries a key; empty in most APIs."""
        if self.place != "query":
            return ""
        return f"{quote(self.name, safe='')}={quote(key, safe='')}"
