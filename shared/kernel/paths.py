"""Addresses that a form or link may lead to."""

from __future__ import annotations


def is_local_path(path: str) -> bool:
    """Tell whether a path stays on this site: one leading slash, no backslash, no control character."""
    return path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
