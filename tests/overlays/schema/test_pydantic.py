"""Models as pydantic sees them."""

from __future__ import annotations

import pydantic

from molam_overlays.schema.containers import Array
from molam_overlays.schema.fields import Field
from molam_overlays.schema.model import Model


def test_an_object_within_itself_has_a_schema() -> None:
    class Node(Model):
        pass

    Node.__fields__ = {"inner": Field(Array(Node), "inner", "inner", False, None, False, False)}
    inner = pydantic.TypeAdapter(Node).json_schema()["properties"]["inner"]
    assert inner == {"type": "array", "items": {"type": "object", "title": "Node"}}
