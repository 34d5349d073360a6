"""Loads the lists and weights of the redactor; the only part of this room that opens a file while a service runs."""

from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from shared.redaction.lexicon import CLASS, Lexicon, Mark, fold

DATA: Final = Path(__file__).parent / "data"
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MARKS: Final = {
    "titles": Mark.TITLE,
    "titles_in_any_case": Mark.TITLE_IN_ANY_CASE,
    "initials_not_after": Mark.NO_INITIAL_AFTER,
    "eponyms": Mark.THING,
    "brands": Mark.THING,
    "drugs": Mark.THING | Mark.CARE,
    "places": Mark.PLACE,
    "peoples": Mark.THING | Mark.CARE,
    "days": Mark.THING | Mark.CARE,
    "months_that_are_names": Mark.DATE,
    "care": Mark.CARE,
    "informal": Mark.CARE,
    "thing_after": Mark.THING_AFTER,
    "thing_after_in_any_case": Mark.THING_AFTER_IN_ANY_CASE,
    "saints": Mark.SAINT,
    "both_first": Mark.BOTH_FIRST,
    "both_last": Mark.BOTH_LAST,
    "not_after_title": Mark.NOT_AFTER_TITLE,
    "condition_after": Mark.CONDITION_AFTER,
    "no_name_after": Mark.NO_NAME_AFTER,
    "date_before": Mark.DATE_BEFORE,
    "place_before": Mark.PLACE_BEFORE,
}
_ORDINARY: Final = 3 << 4


def marks_of_words() -> dict[str, int]:
    """Read the marks that words.yaml gives.

    Returns:
        Folded word to its marks.
    """
    words = _read("words")
    marks: dict[str, int] = {}
    for key, mark in _MARKS.items():
        for word in words[key].split():
            marks[fold(word)] = marks.get(fold(word), 0) | mark
    return marks


@cache
def load_lexicon() -> Lexicon:
    """Read the shipped lists and weights, once in a process.

    Returns:
        The lexicon.
    """
    codes: dict[str, int] = {}
    for line in (DATA / "lexicon.csv").read_text(encoding="ascii").splitlines():
        number, _, words = line.partition(",")
        codes.update(dict.fromkeys(words.split(), int(number)))
    for word, mark in marks_of_words().items():
        code = codes.get(word, 0)
        if not code & CLASS and not mark & (Mark.PLACE | Mark.SAINT):
            code = _ORDINARY
        codes[word] = code | mark
    pairs = (phrase.partition("+") for phrase in _read("words")["phrases"].split())
    origins = _read("names")["origins"]
    return Lexicon(
        codes=codes,
        phrases=frozenset((first, second) for first, _, second in pairs),
        letters=_weights("letters"),
        weights=_weights("tagger"),
        origins={name: (_cut(o["first"]), _cut(o["last"])) for name, o in origins.items()},
    )


@cache
def _read(name: str) -> Any:
    text = (DATA / f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - the loader is a safe one


def _cut(names: str) -> tuple[str, ...]:
    return tuple(names.split())


def _weights(name: str) -> dict[str, float]:
    path = DATA / f"{name}.csv"
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return {sign: float(weight) for sign, _, weight in (line.rpartition(",") for line in lines)}
