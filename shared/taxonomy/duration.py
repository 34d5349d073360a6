"""How long something lasted by the words of a text, in hours; no other meaning is looked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_HOURS: Final = {
    "minute": 1 / 60,
    "min": 1 / 60,
    "hour": 1.0,
    "hr": 1.0,
    "h": 1.0,
    "day": 24.0,
    "night": 12.0,
    "week": 168.0,
}
_TENS: Final = {"twenty": 20.0, "thirty": 30.0, "forty": 40.0, "fifty": 50.0, "sixty": 60.0, "seventy": 70.0}
_UNITS: Final = {
    "one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0, "seven": 7.0, "eight": 8.0, "nine": 9.0,
}  # fmt: skip
_NUMBERS: Final = {
    **_UNITS, **_TENS, "a": 1.0, "an": 1.0, "couple": 2.0, "few": 3.0, "several": 3.0, "half": 0.5, "ten": 10.0,
    "eleven": 11.0, "twelve": 12.0, "thirteen": 13.0, "fourteen": 14.0, "fifteen": 15.0, "sixteen": 16.0,
    "seventeen": 17.0, "eighteen": 18.0, "nineteen": 19.0, "fortyfive": 45.0,
}  # fmt: skip
_PASSED_OVER: Final = frozenset(["of", "whole", "full", "or", "more"])
_AT_LEAST: Final = {"days": 48.0, "weeks": 168.0}
_SHIFTS: Final = frozenset(["on", "these", "long", "early"])
"""Words before a bare "days" that speak of shifts or of the times, not of how long something lasted."""
_SPANS: Final = {"weekend": 48.0, "fortnight": 336.0, "overnight": 12.0}
_JOINED: Final = re.compile(r"(\d+(?:\.\d+)?)([a-z]*)")
_MAY_GO_ON: Final = frozenset(
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "tomorrow", "next"]
)
_BEGAN: Final = _MAY_GO_ON - {"tomorrow", "next"} | {"yesterday"}
_BEGAN_LAST: Final = {"night": 12.0, "week": 24.0, "weekend": 24.0, "month": 24.0, "year": 24.0}
_OPEN_ENDED: Final = {"since": _BEGAN, "until": _MAY_GO_ON, "till": _MAY_GO_ON, "til": _MAY_GO_ON}
_A_DAY_H: Final = 24.0


def longest_hours(words: Sequence[str]) -> float | None:
    """Find the longest time that a text names.

    Args:
        words: The words in lower case.

    Returns:
        Hours; "since yesterday" and "until Monday" count as one day, "for days" as two and "for weeks" as one week, the
        least that they may come to. None where no time is named.
    """
    words = [part for word in words for part in word.split("-")]
    found: list[float] = []
    counted: set[int] = set()
    for index, word in enumerate(words):
        if word in _SPANS:
            found.append(_SPANS[word])
        elif (hours := _open_ended(words, index)) is not None:
            found.append(hours)
        elif (read := _counted(words, index)) is not None:
            found.append(read[0])
            counted.add(read[1])
        elif word in _AT_LEAST and index not in counted and _SHIFTS.isdisjoint(words[max(0, index - 1) : index]):
            found.append(_AT_LEAST[word])
    return max(found, default=None)


def _open_ended(words: Sequence[str], index: int) -> float | None:
    """Read "since Monday", "since last week", "until tomorrow" by the least that they may come to."""
    word, follows = words[index], words[index + 1 : index + 3]
    if word == "since" and follows[:1] == ["last"] and follows[-1] in _BEGAN_LAST:
        return _BEGAN_LAST[follows[-1]]
    return _A_DAY_H if _OPEN_ENDED.get(word, frozenset()).intersection(follows) else None


def _counted(words: Sequence[str], index: int) -> tuple[float, int] | None:
    """Read a number with its unit, and where that stands: "25h", "two and a half days", "forty eight hours".

    A number that a longer one takes in, like "eight" there, gives less than that one and so does no harm.
    """
    word = words[index]
    joined = _JOINED.fullmatch(word)
    number = float(joined[1]) if joined else _NUMBERS.get(word)
    if number is None:
        return None
    if joined and joined[2]:
        hours = _in_hours(number, joined[2])
        return None if hours is None else (hours, index)
    place = index + 1
    if word in _TENS and place < len(words) and words[place] in _UNITS:
        number, place = number + _UNITS[words[place]], place + 1
    if list(words[place : place + 3]) == ["and", "a", "half"]:
        number, place = number + 0.5, place + 3
    while place < len(words) and words[place] in _PASSED_OVER:
        place += 1
    hours = _in_hours(number, words[place]) if place < len(words) else None
    return None if hours is None else (hours, place)


def _in_hours(number: float, unit: str) -> float | None:
    hours = _HOURS.get(unit.removesuffix("s") if unit != "s" else unit)
    return None if hours is None else number * hours
