"""Two documents, and what the step from one to the other means for users of the package."""

from __future__ import annotations

from generator.compare.access import brands, schemes, servers
from generator.compare.annotations import attributes
from generator.compare.answers import spread
from generator.compare.changes import grouped
from generator.compare.events import events
from generator.compare.methods import methods, paired
from generator.compare.models import model_names, models
from generator.compare.report import Report
from generator.compare.schemas.walk import Walk
from generator.compare.surface import Step, Surface
from generator.compare.users import Reached
from generator.compare.wording import texts
from generator.read.document import Document
from generator.recursion import deep


def compare(old: Document, new: Document) -> Report:
    """Class every change between two documents by what it does to users.

    Raises:
        DocumentError: one of them cannot be emitted.
    """
    return compare_surfaces(Surface(old), Surface(new))


@deep()
def compare_surfaces(old: Surface, new: Surface) -> Report:
    """Class every change between two planned packages."""
    step = Step(old, new)
    pairs = paired(step)
    bodies = spread(step, pairs)
    walk = Walk(step, bodies.old)
    known = walk.findings
    walk.take(methods(step, known, pairs))
    walk.take(events(step))
    walk.take(models(step, walk.met))
    walk.take(model_names(step, known))
    walk.take(attributes(step, known, bodies.new))
    walk.take(brands(step))
    walk.take(servers(step))
    walk.take(schemes(step))
    walk.take(texts(step, known, bodies))
    reached = Reached.between(step)
    changes = tuple(map(reached.by, grouped(known.sorted())))
    return Report(old.document.name, new.document.name, changes)
