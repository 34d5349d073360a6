"""Finds dates of birth; other dates are no personal data here."""

import re
from collections.abc import Iterator
from typing import Final

_MONTH: Final = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?)"
)
_ORDINAL: Final = r"\d{1,2}(?:\s?(?:st|nd|rd|th))?"
_WHOLE: Final = (
    r"(?:(?<!\d)(?:\d{1,2}\s?[/.\-‐–\\]\s?\d{1,2}\s?[/.\-‐–\\]\s?(?:\d{4}|\d{2})|"
    r"\d{1,2}\s\d{1,2}\s(?:\d{4}|\d{2})|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{8}|\d{6})(?!\d)"
    rf"|(?<!\d){_ORDINAL}[\s.-]{{0,2}}(?:of\s)?{_MONTH}[,.]?[\s-]{{0,2}}['’]?(?:\d{{4}}|\d{{2}})(?!\d)|"
    rf"\b{_MONTH}\s{_ORDINAL},?\s\d{{4}}(?!\d))"
)
_ANY: Final = (
    rf"(?:{_WHOLE}|(?<!\d){_ORDINAL}\s(?:of\s)?{_MONTH}\b|\b{_MONTH}\s(?:the\s)?{_ORDINAL}(?!\d)|(?<!\d)19\d\d(?!\d))"
)
_BORN: Final = re.compile(
    r"\b(?:d\.?\s?o\.?\s?b\b\.?|dobs|dates? of birth|birth\s?dates?|birth\s?days?|b['’]day|born|"
    r"b\.(?=\s?\d))[^\d\n.!?]{0,40}?(?:\bthe\s)?"
    rf"({_ANY})",
    re.IGNORECASE,
)
_AND: Final = re.compile(rf"[^\d\n.!?]{{1,40}}?(?:\bthe\s)?({_WHOLE})", re.IGNORECASE)
_AFTER: Final = re.compile(
    rf"({_WHOLE})\W{{0,3}}(?:\(?(?:is|was|as|for|being)\s)?(?:(?:his|her|their|the|a)\s)?(?:d\.?o\.?b\b|"
    rf"date of birth|birth ?day)",
    re.IGNORECASE,
)
_LONG_AGO: Final = re.compile(
    r"(?<![\d/.-])(?:\d{1,2}[/.\-]\d{1,2}[/.\-]19[0-6]\d(?!\d)|19[0-6]\d-\d\d-\d\d(?!\d)"
    rf"|{_ORDINAL}\s(?:of\s)?{_MONTH},?\s19[0-6]\d(?!\d))",
    re.IGNORECASE,
)
_HINT: Final = re.compile(r"b(?:ir|or|['’]d|\.)|19|d\.?\s?o\.?\s?b")
_NOT_A_YEAR: Final = re.compile(r"\d\d:|hrs|hours")


def find_births(text: str, folded: str) -> Iterator[tuple[int, int]]:
    """Find dates of birth: those that are called so, and whole dates too long ago to be anything else.

    Args:
        text: Any text.
        folded: The same without differences of case.

    Yields:
        Spans of the dates alone.
    """
    if not _HINT.search(folded):
        return
    for match in _BORN.finditer(text):
        yield match.span(1)
        position = match.end(1)
        while following := _AND.match(text, position):
            if _year(following[1]) > 2010 or _NOT_A_YEAR.match(text, following.end(1)):
                break
            yield following.span(1)
            position = following.end(1)
    for match in _AFTER.finditer(text):
        yield match.span(1)
    for match in _LONG_AGO.finditer(text):
        yield match.span()


def _year(date: str) -> int:
    years = [int(digits) for digits in re.findall(r"\d{4}", date)]
    return max(years, default=0)
