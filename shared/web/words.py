"""Dates and numbers as people read them, in British English and the time of England."""

from __future__ import annotations

from datetime import date, datetime

from shared.kernel.clock import LONDON

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def day_words(day: date | str) -> str:
    """Write a day as "Mon 3 Nov 2025".

    Args:
        day: A day, an aware moment (its day in England is taken) or the ISO text of a day.

    Raises:
        ValueError: the text is no ISO day.
    """
    if isinstance(day, str):
        day = date.fromisoformat(day)
    if isinstance(day, datetime):
        day = day.astimezone(LONDON).date()
    return f"{DAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]} {day.year}"


def short_day(day: date) -> str:
    """Write a day as "3 Nov", where the year stands nearby."""
    return f"{day.day} {MONTHS[day.month - 1]}"


def moment_words(moment: datetime) -> str:
    """Write an aware moment as "Mon 3 Nov 2025, 14:05", in the time of England."""
    local = moment.astimezone(LONDON)
    return f"{day_words(local.date())}, {local:%H:%M}"


def count_words(number: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun: "1 report", "2,300 reports".

    Args:
        number: How many.
        one: The noun for one.
        many: The noun for all other numbers; None adds an s.
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def figure(value: float) -> str:
    """Write a measured value with at most one decimal and thousands apart: "1,234", "3.1"."""
    rounded = round(value, 1)
    return f"{int(rounded):,}" if rounded == int(rounded) else f"{rounded:,.1f}"


SPOKEN = {"domestic_kitchen": "domestic_or_kitchen"}
"""Words of the vocabulary that read differently when they are said."""


def sentence_case(word: str) -> str:
    """Write a word of a code list as people do: "registered_manager" becomes "Registered manager"."""
    plain = SPOKEN.get(word, word).replace("_", " ").replace("-", " ").strip()
    return plain[:1].upper() + plain[1:].lower() if plain.isupper() else plain[:1].upper() + plain[1:]
