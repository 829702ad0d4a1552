"""How a client proves who it is: where its keys travel, as the document's security schemes say."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Literal, NamedTuple
from urllib.parse import quote


class Credentials(NamedTuple):
    """The place of a key in a request, and of those that have to come with it."""

    place: Literal["header", "query", "cookie", "nowhere"] = "header"
    name: str = "Authorization"
    """The header field, query parameter or cookie."""
    scheme: str = "Bearer"
    """What stands before the key in the header: ``Bearer``, ``Basic``, or nothing.

    With ``Basic`` the key is a user name and a password, a colon between them (RFC 7617).
    """
    key: str = ""
    """Which of ``Config.further_keys`` it is; empty for ``api_key``."""
    also: tuple[Credentials, ...] = ()
    """The other schemes of a requirement that asks for several at once."""
    optional: bool = False
    """Whether requests may go without a key as well."""

    def headers(self, key: str, further: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the header fields that carry the keys. A key that is not there is left out."""
        found: dict[str, str] = {}
        for one, secret in self._with_keys(key, further):
            if one.place == "cookie":
                pair = f"{one.name}={quote(secret, safe='')}"
                found["Cookie"] = f"{found['Cookie']}; {pair}" if "Cookie" in found else pair
            elif one.place == "header":
                if one.scheme == "Basic":
                    secret = base64.b64encode(secret.encode()).decode("ascii")
                found[one.name] = f"{one.scheme} {secret}" if one.scheme else secret
        return found

    def query(self, key: str, further: Mapping[str, str] | None = None) -> str:
        """Return the piece of the query string that carries keys; empty in most APIs."""
        return "&".join(
            f"{quote(one.name, safe='')}={quote(secret, safe='')}"
            for one, secret in self._with_keys(key, further)
            if one.place == "query"
        )

    def _with_keys(
        self, key: str, further: Mapping[str, str] | None
    ) -> list[tuple[Credentials, str]]:
        found: list[tuple[Credentials, str]] = [(self, key)] if key else []
        for one in self.also:
            secret = (further or {}).get(one.key)
            if secret:
                found.append((one, secret))
        return found
