"""Traces that spreadsheets leave in cells: recognised by name, so that they are refused or cleaned, never unseen."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"_x00(?:[01][0-9A-Fa-f]|7[Ff])_")
_DAY_NUMBER = re.compile(r"[1-9][0-9]{4}(?:\.[0-9]+)?")
_ERRORS = frozenset({"#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#N/A", "#NULL!", "#NUM!"})
_OF_LINES = {"_x000a_": "\n", "_x000d_": ""}


def escape_in(text: str) -> re.Match[str] | None:
    """Return the first control character that Office Open XML wrote out (ST_Xstring, ECMA-376 part 1, 22.9.2.19)."""
    return _ESCAPE.search(text) if "_x00" in text else None


def is_suspect(text: str) -> bool:
    """Tell quickly whether `escape_in` or `is_error` could find something; where not, they find nothing."""
    return "_x00" in text or text[:1] == "#"


def without_escapes(text: str) -> str:
    """Return a text in which a written-out line feed is one again; other written-out control characters are gone."""
    return _ESCAPE.sub(lambda found: _OF_LINES.get(found[0].lower(), ""), text)


def is_error(cell: str) -> bool:
    """Tell whether a cell shows that a formula failed, such as #REF!."""
    return cell in _ERRORS


def is_day_number(cell: str) -> bool:
    """Tell whether a cell looks like a spreadsheet's number of a day, such as 45964 for 3 November 2025."""
    return _DAY_NUMBER.fullmatch(cell) is not None
