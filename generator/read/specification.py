"""The published schemas, compiled."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from generator.read.anatomy import Node

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

    from generator.read.document import Document
from generator.read.complaints import first

# The published schemas


def _packaged(package: str, path: str) -> dict[str, Any]:
    """Read a file of a package without importing it, which takes longer than all we do."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    text = Path(spec.submodule_search_locations[0], path).read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def _structure(version: str) -> Any:
    schema = _packaged("openapi_spec_validator", f"resources/schemas/v{version}/schema.json")
    return jsonschema_rs.validator_for(schema, validate_formats=False)


@cache
def _dialect() -> Any:
    """Return what a schema of 3.1 must fit; those of 3.0 are part of the published schema."""
    package = "openapi_schema_validator"
    base = _packaged(package, "schemas/oas3.1/metaschema.json")
    vocabulary = _packaged(package, "schemas/oas3.1/vocabularies/base")
    registry = jsonschema_rs.Registry([(vocabulary["$id"], vocabulary)])
    return jsonschema_rs.validator_for(base, validate_formats=False, registry=registry)


def check_structure(document: Document) -> None:
    """Hold a document to the schema of its version of OpenAPI."""
    if _structure(document.version).is_valid(document.root):
        return
    from openapi_spec_validator import schemas
    from openapi_spec_validator.schemas.backend.jsonschema import create_validator

    schema = schemas.schema_v30 if document.version == "3.0" else schemas.schema_v31
    # Not the compiled validator: its errors do not say what failed inside of a choice.
    raise first(document, create_validator(dict(schema)).iter_errors(document.root), "")


def check_schemas(document: Document, nodes: Iterable[Node]) -> None:
    """Hold each schema of a document to its dialect."""
    if document.version == "3.0":
        return
    dialect = _dialect()
    inside = "\n"
    for node in nodes:
        if node.kind != "schema" or node.pointer.startswith(inside):
            continue
        # A schema is checked with all that is in it.
        inside = node.pointer + "/"
        if not dialect.is_valid(node.value):
            raise first(document, _dialect_errors(node.value), node.pointer)


def _dialect_errors(schema: Any) -> Iterator[ValidationError]:
    from jsonschema.validators import validator_for
    from openapi_schema_validator import OAS31Validator
    from openapi_schema_validator._specifications import REGISTRY

    meta = OAS31Validator.META_SCHEMA
    errors: Iterator[ValidationError] = validator_for(meta)(meta, registry=REGISTRY).iter_errors(
        schema
    )
    return errors
