"""Mapping profiles as YAML files: saved once confirmed, found again by the headings of the next file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from services.intake.domain.mapping import ImportMap, WrongMap, read_map

DISTINCT_MAX = 2_000
ROWS_MAX = 20_000


def save_profile(folder: Path, name: str, headings: Sequence[str], import_map: ImportMap) -> Path:
    """Write a profile.

    Args:
        folder: Where profiles lie; made where it is not there.
        name: What it is called; letters that no file name takes become dashes.
        headings: The headings of the file that it was made for.
        import_map: What was confirmed.

    Returns:
        The file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-') or 'profile'}.yaml"
    said: dict[str, Any] = {
        "headings": list(headings),
        "fields": {
            target: list(column) if isinstance(column, tuple) else column
            for target, column in import_map.fields.items()
        },
        "constants": dict(import_map.constants),
        "values": {name: dict(values) for name, values in import_map.values.items()},
        "when_empty": {name: dict(instead) for name, instead in import_map.when_empty.items()},
    }
    path.write_text(yaml.safe_dump(said, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def find_profile(folder: Path, headings: Sequence[str]) -> tuple[Path, ImportMap] | None:
    """Return the saved profile of files with these headings, in any order; None where there is none."""
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
            if isinstance(data, dict) and sorted(data.get("headings") or ()) == sorted(headings):
                return path, read_map(data)
        except (yaml.YAMLError, WrongMap, TypeError):
            continue  # not a profile: somebody else's file in the folder
    return None
