"""The models that no method and no event refers to, and the names that can be imported."""

from __future__ import annotations

from collections.abc import Container

from generator.compare.changes import Findings, change
from generator.compare.schemas.pair import Found, Pair
from generator.compare.surface import Step
from generator.understand.schema import Schema


def models(step: Step, met: Container[str]) -> Found:
    """Compare the models whose keys were not met yet."""
    before, after = step.old.api.named, step.new.api.named
    for key in step.old.models:
        model = step.new.models.get(key)
        if model is not None and key not in met and key in before and key in after:
            one = Schema(at=before[key].schema.at, kind="ref", target=key)
            other = Schema(at=after[key].schema.at, kind="ref", target=key)
            yield Pair(model.name, one, other, "received")


def model_names(step: Step, known: Findings) -> Found:
    """Compare which names can be imported."""
    old_keys = {model.name: key for key, model in step.old.models.items()}
    new_keys = {model.name: key for key, model in step.new.models.items()}
    for name in sorted(step.old.names - step.new.names):
        if name in old_keys and name not in known.renamed:
            at = step.was(old_keys[name].removesuffix("#kinds"))
            yield change("model-removed", name, "was removed from the models", at)
    renamed = set(known.renamed.values())
    for name in sorted(step.new.names - step.old.names):
        if name in new_keys and name not in renamed:
            at = step.is_(new_keys[name].removesuffix("#kinds"))
            yield change("model-added", name, "is a new model", at)
