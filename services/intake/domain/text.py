"""What text from outside must be before it is kept: Unicode in one normal form, and no control characters."""

from __future__ import annotations

import re
import unicodedata

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class Unclean(ValueError):
    """The text holds a character that is refused; the message names it and its place, never the text."""


def clean(value: str) -> str:
    """Bring a text into the form that is kept.

    The text stays as it was sent but for two things that change no meaning: it is put into Unicode's normal form C,
    and Windows line ends become plain ones.

    Args:
        value: Text as it came.

    Returns:
        The same text, NFC, with line feeds only.

    Raises:
        Unclean: a control character other than line feed and tab, or half of a surrogate pair.
    """
    text = value.replace("\r\n", "\n") if "\r" in value else value
    found = _CONTROL.search(text) or _SURROGATE.search(text)
    if found is not None:
        raise Unclean(f"holds the control character U+{ord(found[0]):04X} at position {found.start() + 1}: take it out")
    return text if text.isascii() else unicodedata.normalize("NFC", text)
