"""Reading the fields of a request: numbers, arrays, labels and choices; a wrong one is never guessed at."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import TypeVar, overload

from shared.statistics.bad_input import BadInput
from shared.statistics.series import Label

__all__ = ["choice", "labels", "number", "number_or", "numbers", "parsed_number", "whole", "whole_or"]

Request = Mapping[str, object]
Default = TypeVar("Default", float, None)
# Beyond this a float no longer tells neighbouring whole numbers apart.
_WHOLE_MAX = 2**53


def parsed_number(text: str) -> float | None:
    """Read a number as people and programs write it: digits, a point, an exponent.

    Args:
        text: Without spaces around it.

    Returns:
        The number, finite; None where the text is none.
    """
    if not text.isascii() or text.strip("+-.eE0123456789") != "":
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def choice(request: Request, name: str, allowed: Collection[str], default: str | None = None) -> str:
    """Read one of several words.

    Args:
        request: The fields.
        name: Of the field.
        allowed: The words.
        default: Taken where the field is not given; None where it must be.

    Returns:
        The word.

    Raises:
        BadInput: it is missing or not among the words.
    """
    value = request.get(name, default)
    if value is None:
        raise BadInput(name, f"is missing; give one of {', '.join(allowed)}")
    if not isinstance(value, str) or value not in allowed:
        raise BadInput(name, f"is unknown; give one of {', '.join(allowed)}")
    return value


def number(request: Request, name: str) -> float:
    """Read a number that must be given.

    Args:
        request: The fields.
        name: Of the field.

    Returns:
        The number, finite.

    Raises:
        BadInput: it is missing or no number.
    """
    if request.get(name) is None:
        raise BadInput(name, "is missing; give a number")
    return _number(request[name], name, None)


@overload
def number_or(request: Request, name: str, default: float) -> float: ...
@overload
def number_or(request: Request, name: str, default: None) -> float | None: ...
def number_or(request: Request, name: str, default: float | None) -> float | None:
    """Read a number that need not be given.

    Args:
        request: The fields.
        name: Of the field.
        default: Taken where it is not given.

    Returns:
        The number, finite, or the default.

    Raises:
        BadInput: it is given and no number.
    """
    return default if request.get(name) is None else _number(request[name], name, None)


def whole(request: Request, name: str) -> int:
    """Read a whole number that must be given.

    Args:
        request: The fields.
        name: Of the field.

    Returns:
        The number.

    Raises:
        BadInput: it is missing or no whole number.
    """
    value = number(request, name)
    if value != int(value) or abs(value) > _WHOLE_MAX:
        raise BadInput(name, "is not a whole number that can be counted; give digits only")
    return int(value)


def whole_or(request: Request, name: str, default: int | None) -> int | None:
    """Read a whole number that need not be given.

    Args:
        request: The fields.
        name: Of the field.
        default: Taken where it is not given.

    Returns:
        The number, or the default.

    Raises:
        BadInput: it is given and no whole number.
    """
    return default if request.get(name) is None else whole(request, name)


def numbers(request: Request, name: str) -> list[float | None]:
    """Read an array of numbers.

    Args:
        request: The fields.
        name: Of the field.

    Returns:
        The numbers; None where one is missing.

    Raises:
        BadInput: it is missing, no array, or holds something that is no number.
    """
    return [None if v is None else _number(v, name, at) for at, v in enumerate(_array(request, name, "numbers"), 1)]


def labels(request: Request, name: str) -> list[Label]:
    """Read an array of labels.

    Args:
        request: The fields.
        name: Of the field.

    Returns:
        Text, numbers or None, as given.

    Raises:
        BadInput: it is missing, no array, or holds something else.
    """
    found: list[Label] = []
    for position, value in enumerate(_array(request, name, "labels"), 1):
        if value is not None and (isinstance(value, bool) or not isinstance(value, str | int | float)):
            raise BadInput(name, "is neither text nor a number; give a date or another label", position)
        found.append(value)
    return found


def _array(request: Request, name: str, of: str) -> list[object]:
    value = request.get(name)
    if value is None:
        raise BadInput(name, f"is missing; give an array of {of}")
    if not isinstance(value, list):
        raise BadInput(name, f"is not an array; give an array of {of}")
    return value


def _number(value: object, name: str, position: int | None) -> float:
    if isinstance(value, float | int) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    raise BadInput(name, "is not a number; give a number, or null where there is none", position)
