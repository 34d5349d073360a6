"""Chooses contributory factors, ways of catching and the kind of disruption."""

from collections.abc import Iterable
from typing import Final

from services.classifier.domain.reading import Reading
from shared.taxonomy.model import Taxonomy

_ENOUGH: Final = 2.0
_MAX_FACTORS: Final = 4
_MAX_CAUGHT: Final = 2
_NOT_SHOWN: Final = ("other",)


def factors_of(reading: Reading, taxonomy: Taxonomy) -> tuple[str, ...]:
    """Choose the contributory factors that the words state.

    Args:
        reading: The text's reading.
        taxonomy: The factors.

    Returns:
        Up to four names, the best supported first.
    """
    return _best(reading, "factor", taxonomy.factors, _MAX_FACTORS)


def caught_by(reading: Reading, taxonomy: Taxonomy) -> tuple[str, ...]:
    """Choose what stopped a near miss.

    Args:
        reading: The text's reading.
        taxonomy: The ways of catching.

    Returns:
        One or two names; `other` where the words show none. Luck yields to anybody who acted.
    """
    best = _best(reading, "caught", taxonomy.how_caught, _MAX_CAUGHT + 1)
    acted = tuple(name for name in best if name != "luck")
    return acted[:_MAX_CAUGHT] or best or _NOT_SHOWN


def disruption_of(reading: Reading, taxonomy: Taxonomy) -> str | None:
    """Choose the kind of disruption.

    Args:
        reading: The text's reading.
        taxonomy: The disruption kinds.

    Returns:
        The best supported kind, or None.
    """
    return next(iter(_best(reading, "disruption", taxonomy.disruption_kinds, 1)), None)


def _best(reading: Reading, family: str, names: Iterable[str], most: int) -> tuple[str, ...]:
    scored = [(name, reading.score(key)) for name in names if (key := f"{family}:{name}") in reading.hits]
    return tuple(name for name, score in sorted(scored, key=lambda item: -item[1])[:most] if score >= _ENOUGH)
