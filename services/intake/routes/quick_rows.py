"""Rows of an import that need nothing converted, read without a model: most rows of most files.

A row is taken here only where every field already is what `ReportSubmission` would make of it; a fault, a rare field or
a value that wants converting goes the whole way. Tests hold that both ways give the very same submission.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import orjson

from services.intake.domain.artefacts import escape_in, is_error, is_suspect
from services.intake.domain.rows import IDENTIFIER, WORD
from services.intake.domain.submission import ExternalReference, Person, Reporter, Submission
from services.intake.domain.text import Unclean, clean
from services.intake.domain.times import BANDS, parse_moment

_Check = Callable[[Any], bool]
SHORT_MAX_CHARS: Final = 200
WHEN_MAX_CHARS: Final = 40
_REMEMBERED: Final = 4_096
_IDENTIFIER: Final = re.compile(IDENTIFIER)
_WORD: Final = re.compile(WORD)
_ASSET: Final = re.compile(r"[A-Za-z0-9_ .:/#-]{1,64}")
_REFERENCE: Final = {"system", "id"}
_REPORTER: Final = {"id", "name", "contact"}
_PERSON: Final = {"id", "name"}


def quick_submission(value: Any, provider_id: str | None, origin: str | None) -> Submission | None:
    """Return the submission of a plain row; None for a row that the model has to read.

    Args:
        value: The row's JSON value; left as it is.
        provider_id: The provider where the row names none.
        origin: How it came, where the row does not say.
    """
    if type(value) is not dict or not _NEEDED <= value.keys() <= _KNOWN:
        return None
    said = _without_nulls(value) if None in value.values() else value.copy()
    checks, reads, has_defaults = _ways_of(tuple(said))
    for check, one in zip(checks, said.values(), strict=True):
        if not check(one):
            return None
    body = orjson.dumps(_body(said) if has_defaults else said, option=orjson.OPT_SORT_KEYS)
    try:
        for name, read in reads:
            said[name] = read(said[name])
    except ValueError:
        return None
    said.setdefault("provider_id", provider_id)
    if origin:
        said.setdefault("origin", origin)
    return Submission(body=body, **said)


@lru_cache(maxsize=_REMEMBERED)
def _ways_of(names: tuple[str, ...]) -> tuple[list[_Check], list[tuple[str, Callable[[Any], Any]]], bool]:
    """Return how the fields of rows of one shape are checked and read, and whether some are not part of the body."""
    reads = [(name, read) for name, read in _READ if name in names]
    return [_CHECKS[name] for name in names], reads, not _PERHAPS_NOT_IN_BODY.isdisjoint(names)


def _without_nulls(value: dict[str, Any]) -> dict[str, Any]:
    return {name: said for name, said in value.items() if said is not None or name not in _NULLABLE}


def _body(value: dict[str, Any]) -> dict[str, Any]:
    return {
        name: said
        for name, said in value.items()
        if name not in _PERHAPS_NOT_IN_BODY or not (name in _NEVER or (name, said) in _DEFAULTS)
    }


def _is_clean(said: Any) -> bool:
    if type(said) is not str or (is_suspect(said) and (escape_in(said) or is_error(said))):
        return False
    if said.isascii() and said.isprintable():
        return True
    try:
        return clean(said) == said
    except Unclean:
        return False


def _is_short(said: Any) -> bool:
    return type(said) is str and len(said) <= SHORT_MAX_CHARS and _is_clean(said)


def _is_label(said: Any) -> bool:
    return type(said) is str and 0 < len(said) <= SHORT_MAX_CHARS and _is_clean(said)


def _is_when(said: Any) -> bool:
    return type(said) is str and 0 < len(said) <= WHEN_MAX_CHARS


def _is_worry(said: Any) -> bool:
    return type(said) is int and 1 <= said <= 4


def _is_bool(said: Any) -> bool:
    return type(said) is bool


def _fits(pattern: re.Pattern[str]) -> _Check:
    known = lru_cache(maxsize=_REMEMBERED)(lambda said: pattern.fullmatch(said) is not None)
    return lambda said: type(said) is str and known(said)


def _one_of(*words: str) -> _Check:
    known = frozenset(words)
    return lambda said: type(said) is str and said in known


def _labels(names: set[str], needed: set[str]) -> _Check:
    return lambda said: (
        type(said) is dict and needed <= said.keys() <= names and bool(said) and all(map(_is_label, said.values()))
    )


def _is_reference(said: Any) -> bool:
    return type(said) is dict and said.keys() == _REFERENCE and _is_label(said["id"]) and _is_label(said["system"])


_NEEDED: Final = {"site_id", "text"}
_READ: Final[tuple[tuple[str, Callable[[Any], Any]], ...]] = (
    ("occurred_at", parse_moment),
    ("reported_at", parse_moment),
    ("external_reference", lambda said: ExternalReference(said["system"], said["id"])),
    ("reporter", lambda said: Reporter(**said)),
    ("person", lambda said: Person(**said)),
)
_CHECKS: Final[dict[str, _Check]] = {
    "site_id": _fits(_IDENTIFIER),
    "text": _is_clean,
    "occurred_at": _is_when,
    "occurred_band": _one_of(*BANDS),
    "reported_at": _is_when,
    "place": _is_short,
    "what_stopped_it": _is_short,
    "worry": _is_worry,
    "reporter_role": _fits(_WORD),
    "identity_mode": _one_of("anonymous", "confidential", "named"),
    "anonymity_reason": _fits(_WORD),
    "reporter": _labels(_REPORTER, set()),
    "person": _labels(_PERSON, set()),
    "asset_ref": _fits(_ASSET),
    "external_reference": _is_reference,
    "outside_first": _is_bool,
    "origin": _one_of("live", "backfill", "telemetry"),
    "provider_id": _fits(_IDENTIFIER),
}
_KNOWN: Final = frozenset(_CHECKS)
_NULLABLE: Final = _CHECKS.keys() - _NEEDED - {"identity_mode", "outside_first", "origin"}
_NEVER: Final = frozenset({"provider_id", "origin"})
_DEFAULTS: Final = frozenset({("identity_mode", "anonymous"), ("outside_first", False)})
"""What the body by which a repeat is known leaves out: two fields always, two where they say what leaving them says."""
_PERHAPS_NOT_IN_BODY: Final = _NEVER | {"identity_mode", "outside_first"}
