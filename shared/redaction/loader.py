"""Loads the lists of names and of words that keep names apart; the only part of this room that opens a file."""

from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import yaml

from shared.redaction.lexicon import Lexicon, Mark, fold

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORD_LISTS: Final = {
    "first": Mark.FIRST_WORD,
    "last": Mark.LAST_WORD,
    "safe": Mark.SAFE,
    "follows": Mark.FOLLOWS,
    "after_safe": Mark.THING_AFTER,
    "titles": Mark.TITLE,
    "roles": Mark.ROLE,
    "beside_after": Mark.BESIDE_AFTER,
    "acts": Mark.BESIDE_AFTER | Mark.ACT_AFTER,
    "beside_before": Mark.BESIDE_BEFORE,
    "months": Mark.MONTH,
    "date_before": Mark.DATE_BEFORE,
}


@cache
def load_lexicon() -> Lexicon:
    """Read the shipped lists, once in a process.

    Returns:
        The lexicon.
    """
    folder = Path(__file__).parent / "data"
    names = yaml.load((folder / "names.yaml").read_text(encoding="utf-8"), Loader=_LOADER)["origins"]  # noqa: S506 - the loader is a safe one
    words = yaml.load((folder / "words.yaml").read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - the loader is a safe one
    marks: dict[str, Mark] = {}
    for origin in names.values():
        for kind, mark in (("first", Mark.FIRST), ("last", Mark.LAST)):
            for name in origin[kind].split():
                marks[fold(name)] = marks.get(fold(name), Mark(0)) | mark
    for key, mark in _WORD_LISTS.items():
        for word in words[key].split():
            marks[fold(word)] = marks.get(fold(word), Mark(0)) | mark
    plain = {word: int(_without_plain_names(mark)) for word, mark in marks.items()}
    origins = {name: tuple(origin["first"].split() + origin["last"].split()) for name, origin in names.items()}
    return Lexicon(MappingProxyType(plain), MappingProxyType(origins))


def _without_plain_names(mark: Mark) -> Mark:
    """A name that is an ordinary word, too, is never taken for a name without something beside it."""
    if mark & (Mark.FIRST_WORD | Mark.LAST_WORD):
        return mark & ~(Mark.FIRST | Mark.LAST)
    return mark
