"""Coarsens rooms, exact times and great ages in redacted text that people outside the service read.

Inside the service these indirect identifiers stay: which room has the loose rail, and that it was at a change of
shift, is what a report is for.
"""

import re
from typing import Final

from shared.redaction.text import RedactedText

_ROOM: Final = re.compile(
    r"\b(rooms?|rm|beds?|bay|flats?|apartments?|bungalow)(\.?\s?(?:no\.?\s?)?)\d{1,3}[A-Za-z]?\b(?![:.]\d)",
    re.IGNORECASE,
)
_TIME: Final = re.compile(
    r"(?<![\d.:£/-])(?:([01]?\d|2[0-3])[:.h]([0-5]\d)(?!\d|\s?(?:mg|ml|mcg|g\b|kg|l\b|%|units?|mmol|cm|"
    r"am\b|pm\b|a\.m|p\.m))"
    r"|(1[0-2]|0?[1-9])(?:[:.][0-5]\d)?\s?([ap])\.?m\b\.?|([01]\d|2[0-3])[0-5]\d\s?(?:hrs|hours|h)\b)(?![.]\d)",
    re.IGNORECASE,
)
_TIME_SAID: Final = re.compile(
    r"\b(?:at|by|about|around|approx|circa|till|until|since|from|to|before|after|between|and|@)\s?$", re.IGNORECASE
)
_GREAT_AGE: Final = re.compile(
    r"\b(aged?\s|age\s)?(9\d|1[01]\d)(\s?(?:yo\b|y/o|yrs? old|years? old|year[- ]old))|\b(aged?\s)(9\d|1[01]\d)\b",
    re.IGNORECASE,
)


def coarsen(text: RedactedText) -> RedactedText:
    """Coarsen what could single out a person to somebody who knows the place.

    The list follows what confidential reporting schemes of aviation and rail take out beside names. An exact time
    becomes a part of the day: night to 07:00, morning to 12:00, afternoon to 17:00, evening to 21:00. A number with a
    stop is a time only after a word such as at or since.

    Args:
        text: Redacted text.

    Returns:
        The coarser text; coarsening it again changes nothing.
    """
    text = RedactedText(_ROOM.sub(r"\1\2[NUMBER]", text))
    text = RedactedText(_TIME.sub(_part_of_day, text))
    return RedactedText(_GREAT_AGE.sub("[GREAT_AGE]", text))


def _part_of_day(match: re.Match[str]) -> str:
    if match[1] and "." in match[0] and not _TIME_SAID.search(match.string, max(0, match.start() - 9), match.start()):
        return match[0]
    half_day = 12 if match[4] and match[4].lower() == "p" else 0
    hour = int(match[3]) % 12 + half_day if match[3] else int(match[1] or match[5])
    for end, part in ((7, "NIGHT"), (12, "MORNING"), (17, "AFTERNOON"), (21, "EVENING"), (24, "NIGHT")):
        if hour < end:
            return f"[{part}]"
    raise AssertionError("an hour is below 24")
