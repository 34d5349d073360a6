"""The list of generated files: where each lies and what writes it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from deploy.documents.dashboards import load_dashboards, written
from deploy.documents.settings_page import page as settings_page
from shared.runtime import metrics

PROJECT = Path(__file__).resolve().parents[2]

DOCUMENTS: dict[str, Callable[[], str]] = {
    "deploy/METRICS.md": metrics.page,
    "deploy/SETTINGS.md": settings_page,
    **{f"deploy/grafana/dashboards/{one.uid}.json": partial(written, one) for one in load_dashboards()},
}
"""Path from the project's root to what gives its whole content."""


def write_all() -> list[str]:
    """Write every generated file.

    Returns:
        Their paths, from the project's root.
    """
    for name, content in DOCUMENTS.items():
        path = PROJECT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content())
    return list(DOCUMENTS)
