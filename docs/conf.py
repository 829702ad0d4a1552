"""The documentation site: `make docs` builds it, offline, with every warning an error."""

from __future__ import annotations

import sys
from pathlib import Path

from generator import toml

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "overlays")]
_PROJECT = toml.read(ROOT / "pyproject.toml")["project"]

project = "Molam for Python"
author = "Molam"
copyright = "Molam"  # noqa: A001 - Sphinx's name for it
version = release = _PROJECT["version"]
html_title = f"Molam for Python {version}"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
nitpicky = False
show_warning_types = True

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4

# Docstrings speak of `names` in single backquotes.
default_role = "literal"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_mock_imports: list[str] = []
python_maximum_signature_line_length = 88
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["molam.css"]
html_baseurl = _PROJECT["urls"]["Documentation"]
html_copy_source = False
html_show_sphinx = False
html_last_updated_fmt = None
html_theme_options = {
    "source_repository": _PROJECT["urls"]["Source"],
    "source_branch": "main",
    "source_directory": "docs/",
}
# Dark and light that hold WCAG AA's contrast against furo's backgrounds.
pygments_style = "a11y-high-contrast-light" if False else "xcode"
pygments_dark_style = "github-dark"
