"""How the words of the taxonomy read on a page; an unknown word is shown as it came."""

from __future__ import annotations

from services.reporting.domain.facts import ALL, NONE
from shared.taxonomy.model import Taxonomy
from shared.web.words import sentence_case

WORRY = {1: "not worried", 2: "a little worried", 3: "quite worried", 4: "very worried"}
UNITS = {
    "occupied_bed_days": "bed days",
    "visits": "visits",
    "care_hours": "care hours",
    "supported_person_days": "supported person days",
    "attendances": "attendances",
}
OWN_WORDS = {ALL: "All reports", NONE: "No domain given"}


class Titles:
    """Looks words up.

    Args:
        taxonomy: The release that this service was built with.
    """

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._domains = {name: domain.title for name, domain in taxonomy.domains.items()} | OWN_WORDS
        self._classes = {name: event_class.title for name, event_class in taxonomy.event_classes.items()}
        self._factors = {name: factor.title for name, factor in taxonomy.factors.items()}
        self._settings = {name: setting.title for name, setting in taxonomy.settings.items()}

    def domain(self, word: str) -> str:
        """Return a domain's title."""
        return self._domains.get(word) or sentence_case(word)

    def event_class(self, word: str) -> str:
        """Return an event class's title."""
        return self._classes.get(word) or sentence_case(word)

    def factor(self, word: str) -> str:
        """Return a contributory factor's title."""
        return self._factors.get(word) or sentence_case(word)

    def setting(self, word: str) -> str:
        """Return the title of a kind of service."""
        return self._settings.get(word) or sentence_case(word)

    def unit(self, word: str) -> str:
        """Return a unit of exposure in the plural."""
        return UNITS.get(word) or word.replace("_", " ")

    def worry(self, level: int) -> str:
        """Return how worried the reporter was, 1 to 4."""
        return WORRY.get(level) or str(level)
