"""Which methods and events a model reaches."""

from __future__ import annotations

from collections.abc import Iterator

from generator.compare.surface import Surface
from generator.understand.schema import Schema


def handed_over(surface: Surface) -> Iterator[tuple[str, list[Schema]]]:
    """Yield each method and event with the schemas that it takes or gives."""
    for method in surface.methods.values():
        schemas = [argument.schema for argument in method.arguments if argument.schema]
        schemas.extend(media.schema for media in method.success.values() if media.schema)
        if not any(argument.place == "body" for argument in method.arguments):
            body = method.operation.body
            if body is not None:
                schemas.extend(media.schema for media in body.media if media.schema)
        yield method.name, schemas
    for webhook in surface.api.webhooks:
        if webhook.body is not None:
            yield webhook.path, [media.schema for media in webhook.body.media if media.schema]
