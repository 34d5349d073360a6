"""The fields of a domain value by name, as `dataclasses.asdict` gives them, without copying what cannot change.

`asdict` copies every leaf deeply; for states of moments and texts that took most of a fold's time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from functools import cache
from typing import Any

_LEAVES = frozenset([str, int, float, bool, type(None), datetime, date])


def fields_of(state: Any) -> dict[str, Any]:
    """Return a dataclass's fields by name, those of values within it included.

    Args:
        state: A frozen dataclass of values that do not change; nothing of it is copied.
    """
    return {name: _plain(getattr(state, name)) for name in _names(type(state))}  # type: ignore[arg-type]  # a class is hashable


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _plain(value: Any) -> Any:
    if type(value) in _LEAVES:
        return value
    if isinstance(value, tuple | list):
        return type(value)(map(_plain, value))
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return fields_of(value) if hasattr(value, "__dataclass_fields__") else value
