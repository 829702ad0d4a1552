"""Tell whether an emitted package is what would be emitted now, and if not, why."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Final

from generator.write import manifest

_DIFF_LINES: Final = 24
_LISTED: Final = 20


def explain(
    disk: Mapping[str, bytes], tree: Mapping[str, bytes], inputs: Mapping[str, str], name: str
) -> str:
    """Return what differs and why; an empty text when nothing does.

    Args:
        disk: the files there are.
        tree: the files as they would be emitted, the manifest among them.
        inputs: what decides on them now, see `manifest.inputs`.
        name: what the package folder is called.
    """
    then, hashes = manifest.parse(disk.get(manifest.FILE))
    edited: list[str] = []
    stale: list[str] = []
    missing = [path for path in tree if path not in disk]
    extra = [path for path in disk if path not in tree]
    for path, wanted in tree.items():
        here = disk.get(path)
        if here is None or here == wanted or path == manifest.FILE:
            continue
        known = hashes.get(path)
        if known is not None and manifest.is_hash_of(known, here):
            stale.append(path)
        else:
            edited.append(path)
    if not (edited or stale or missing or extra):
        _, wanted_hashes = manifest.parse(tree[manifest.FILE])
        if hashes != wanted_hashes:
            edited.append(manifest.FILE)
        else:
            return ""
    lines = [f"{name}/ is not what the generator emits."]
    for path in sorted(edited):
        lines.append(f"  {path}: edited by hand; edits belong into the document, a template or")
        lines.append("    overlays/. What the next generation takes back:")
        lines += _diff(tree[path], disk[path])
    causes = manifest.changed(then, inputs)
    for what, paths in (
        ("would be emitted differently now", stale),
        ("is missing", missing),
        ("is not emitted by the generator", extra),
    ):
        for path in sorted(paths)[:_LISTED]:
            lines.append(f"  {path}: {what}")
        if len(paths) > _LISTED:
            lines.append(f"  … and {len(paths) - _LISTED} more files: {what}")
    if causes and (stale or missing or extra):
        lines.append("Changed since the last generation:")
        lines += [f"  {cause}" for cause in causes]
    elif not causes and (missing or extra):
        lines.append("Nothing that goes into it has changed: somebody added or removed the files.")
    elif stale and not then:
        lines.append(f"{manifest.FILE} does not say what it was emitted from.")
    lines.append("Run make generate, and review both diffs.")
    return "\n".join(lines)


def _diff(wanted: bytes, here: bytes) -> list[str]:
    try:
        left = wanted.decode("utf-8").splitlines()
        right = here.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        return ["    (not text)"]
    diff = list(difflib.unified_diff(left, right, "emitted", "here", lineterm="", n=1))
    shown = [f"    {line}" for line in diff[:_DIFF_LINES]]
    if len(diff) > _DIFF_LINES:
        shown.append(f"    … {len(diff) - _DIFF_LINES} more lines")
    return shown
