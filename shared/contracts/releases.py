"""What was released of the wire, kept for good: today's schemas may only grow from there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared.contracts.publish import breaks, folder, schema_of
from shared.contracts.topics import TOPICS

RELEASES = "releases"
Schemas = dict[str, dict[str, Any]]
"""Schema by `topic/event`."""


def release(version: str) -> Path:
    """Write down what this release promises.

    Args:
        version: The project's version.

    Returns:
        The file.

    Raises:
        ValueError: the version was released before, or it breaks what an earlier one promised.
    """
    path = folder(RELEASES) / f"{version}.json"
    if path.exists():
        raise ValueError(f"{version} was released before; a promise is not written anew: choose the next version")
    if found := list(broken_promises()):
        raise ValueError(f"{version} would break what was released: {'; '.join(found)}")
    path.parent.mkdir(exist_ok=True)
    lines = [f"{json.dumps(name)}: {json.dumps(schema, sort_keys=True)}" for name, schema in sorted(_today().items())]
    body = "{\n" + ",\n".join(lines) + "\n}\n"
    path.write_text(body)
    path.with_suffix(".sha256").write_text(hashlib.sha256(body.encode()).hexdigest() + "\n")
    return path


def released() -> Iterator[tuple[str, Schemas]]:
    """Yield every release with its schemas.

    Raises:
        ValueError: a file is no longer what was released.
    """
    for path in sorted(folder(RELEASES).glob("*.json")):
        body = path.read_bytes()
        if hashlib.sha256(body).hexdigest() != path.with_suffix(".sha256").read_text().strip():
            raise ValueError(f"{path.name} was changed after its release")
        yield path.stem, json.loads(body)


def broken_promises() -> Iterator[str]:
    """Name every way in which the code of today breaks what a release promised."""
    today = _today()
    for version, schemas in released():
        for name, schema in schemas.items():
            if name not in today:
                yield f"{name} of {version} is gone"
            else:
                yield from (f"{name} of {version}: {said}" for said in breaks(schema, today[name]))


def _today() -> Schemas:
    return {f"{topic.name}/{event.__name__}": schema_of(event) for topic in TOPICS for event in topic.events}
