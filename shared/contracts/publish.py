"""What other teams read of the contracts: frozen schemas, examples, TOPICS.md; and the check that they only grow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from shared.contracts.envelope import Event
from shared.contracts.topics import TOPICS, Compacted, Topic, group

SCHEMAS = "schemas"
EXAMPLES = "examples"


def folder(name: str) -> Path:
    """Return the folder of schemas or examples beside this file."""
    return Path(str(resources.files("shared.contracts"))) / name


def schema_path(topic: Topic, event: type[Event]) -> Path:
    """Return where an event's frozen schema lies."""
    return folder(SCHEMAS) / topic.name / f"{event.__name__}.schema.json"


def schema_of(event: type[Event]) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of an event as it is accepted."""
    return event.model_json_schema(mode="validation")


def examples_of(topic: Topic, event: type[Event]) -> Iterator[tuple[str, bytes]]:
    """Yield name and body of every published example of an event."""
    for path in sorted((folder(EXAMPLES) / topic.name).glob(f"{event.__name__}.*.json")):
        yield path.name, path.read_bytes()


def breaks(old: dict[str, Any], new: dict[str, Any], path: str = "") -> Iterator[str]:
    """Name every way in which a schema refuses what its frozen form accepted, or drops what it promised.

    Removing a property, changing its type, requiring one that was optional and tightening a bound are
    breaks; new optional properties and looser bounds are not.

    Args:
        old: The frozen schema or a part of it.
        new: The schema of today or the same part.
        path: Where the part lies; for the messages.
    """
    yield from _node_breaks(_resolved(old, old), _resolved(new, new), old, new, path or "event")


def _node_breaks(old: dict[str, Any], new: dict[str, Any], old_root: Any, new_root: Any, path: str) -> Iterator[str]:
    if _types(old, old_root) - _types(new, new_root):
        yield f"{path}: type {sorted(_types(old, old_root))} became {sorted(_types(new, new_root))}"
        return
    for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        yield f"{path}.{name}: is required now"
    for bound, tighter in (("maxLength", min), ("maximum", min), ("minLength", max), ("minimum", max)):
        before, after = old.get(bound), new.get(bound)
        if after is not None and (before is None or (after != before and tighter(before, after) == after)):
            yield f"{path}: {bound} is {after} now, was {before}"
    for name, part in old.get("properties", {}).items():
        if name not in new.get("properties", {}):
            yield f"{path}.{name}: is gone"
            continue
        now = new["properties"][name]
        yield from _node_breaks(
            _resolved(part, old_root), _resolved(now, new_root), old_root, new_root, f"{path}.{name}"
        )
    if "items" in old and "items" in new:
        yield from _node_breaks(
            _resolved(old["items"], old_root), _resolved(new["items"], new_root), old_root, new_root, f"{path}[]"
        )


def _resolved(part: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference, and look through "this or null" to the part that carries the content."""
    if "$ref" in part:
        return _resolved(root["$defs"][part["$ref"].rsplit("/", 1)[1]], root)
    real = [option for option in part.get("anyOf", ()) if option.get("type") != "null"]
    return _resolved(real[0], root) if len(real) == 1 else part


def _types(part: dict[str, Any], root: dict[str, Any]) -> set[str]:
    if "anyOf" in part:
        return {word for option in part["anyOf"] for word in _types(_resolved(option, root), root)}
    kind = part.get("type", "any")
    found = {kind} if isinstance(kind, str) else set(kind)
    return found | {f"const {part['const']}"} if "const" in part else found


def freeze() -> list[str]:
    """Write the schemas of new events and of events that grew.

    Returns:
        Names of the files written.

    Raises:
        ValueError: a frozen schema would break; the message says how and what to do.
    """
    written = []
    for topic in TOPICS:
        for event in topic.events:
            path, today = schema_path(topic, event), schema_of(event)
            if path.exists():
                frozen = json.loads(path.read_text())
                if found := list(breaks(frozen, today)):
                    raise ValueError(
                        f"{topic.name} {event.__name__} is frozen and would break: {'; '.join(found)}. Make the change "
                        "additive, or add a new major version of the topic beside this one."
                    )
                if frozen == today:
                    continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(today, indent=2, sort_keys=True) + "\n")
            written.append(path.name)
    return written


def topics_page() -> str:
    """Return TOPICS.md: every topic with key, partitions, retention, trust, consumers and events."""
    lines = [
        "# Topics",
        "",
        "Written by `make docs` from shared/contracts/topics.py; do not edit. Bodies are JSON, one event each;",
        "CloudEvents 1.0 attributes are in the headers (binary mode: `ce_id`, `ce_type`, `ce_source`, `ce_subject`,",
        "`ce_time`). Schemas and examples lie beside the registry, in shared/contracts/schemas and examples. Unknown",
        "event types and unknown fields are to be passed over; words of the taxonomy are open.",
        "The partition is murmur2 of `provider:site` (`provider:*` for facts of a whole provider), whatever the key.",
        "",
    ]
    for topic in TOPICS:
        readers = ", ".join(f"{service} (group `{group(service)}`)" for service in topic.consumers) or "BI"
        lines += [
            f"## `{topic.name}`",
            "",
            topic.purpose,
            "",
            "| producer | consumers | key | partitions | kept | trust domain |",
            "|---|---|---|---|---|---|",
            f"| {topic.producer} | {readers} | `{topic.key_shape}` | {topic.partitions} | {_kept(topic)} "
            f"| {topic.trust} |",
            "",
        ]
        if topic.beside:
            lines += [f"Beside the events: {topic.beside}", ""]
        if topic.consumers:
            letters = ", ".join(f"`{topic.dead_letter(service)}`" for service in topic.consumers)
            lines += [f"Dead letters (14 days): {letters}.", ""]
        if not topic.events:
            lines += ["Nothing is published here yet; consumers already read it and pass unknown types over.", ""]
        for event in topic.events:
            said = (event.__doc__ or "").strip().splitlines()[0]
            number = len(list(examples_of(topic, event)))
            lines.append(f"- **{event.__name__}**: {said} ({number} examples)")
        lines += [""] if topic.events else []
    return "\n".join(lines).rstrip() + "\n"


def _kept(topic: Topic) -> str:
    if isinstance(topic.kept, Compacted):
        if topic.kept.max_lag_days:
            return f"newest per key; older ones go after {topic.kept.min_lag_days} to {topic.kept.max_lag_days} days"
        return "newest per key"
    return "for ever"
