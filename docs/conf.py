"""The documentation site: `make docs` builds it, offline, with every warning an error."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "overlays")]

from generator import toml  # noqa: E402 - found by the line above

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_PROJECT = toml.read(ROOT / "pyproject.toml")["project"]

project = "Molam for Python"
author = copyright = "Molam"  # noqa: A001 - Sphinx's name for it
version = release = _PROJECT["version"]
html_title = f"Molam for Python {version}"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
# Many objects have a `type`: an annotation that names the builtin would be taken for one of them.
suppress_warnings = ["ref.python"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_numpy_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["molam.css"]
html_baseurl = _PROJECT["urls"]["Documentation"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "source_repository": _PROJECT["urls"]["Source"],
    "source_branch": "main",
    "source_directory": "docs/",
}

_NAME = re.compile(r"(?<![`:])`([^`\n]+(?:\n[^`\n]+)?)`(?!`)")


def _as_code(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    # Docstrings here put names into single backquotes; reStructuredText wants two.
    lines[:] = _NAME.sub(r"``\1``", "\n".join(lines)).split("\n")


def _is_elsewhere(app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool:
    # Events are models, too; they have a page of their own.
    from molam_sdk.events import EVENTS, Event

    on_results = app.env.current_document.docname == "python/results"
    return skip or (on_results and obj in (Event, *EVENTS.values()))


_USABLE = (
    # What Sphinx and furo leave out for people who use a keyboard or a screen reader (WCAG 1.3.1, 2.1.1).
    ('role="heading"', 'role="heading" aria-level="2"'),
    ("<pre>", '<pre tabindex="0">'),
    (
        '<div class="table-wrapper',
        '<div tabindex="0" role="region" aria-label="Table" class="table-wrapper',
    ),
)


def _make_usable(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    for key in ("body", "furo_navigation_tree"):
        for found, wanted in _USABLE:
            if key in context:
                context[key] = context[key].replace(found, wanted)


def setup(app: Sphinx) -> None:
    """Have Sphinx call what is above."""
    app.connect("autodoc-process-docstring", _as_code, priority=100)
    app.connect("autodoc-skip-member", _is_elsewhere)
    app.connect("html-page-context", _make_usable, priority=900)
