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
DISRUPTIONS = {"it_or_phones": "IT or phones"}
"""Kinds of disruption that do not read well from their word."""
REASONS = {
    "save_time": "To save time",
    "forgot_account": "Forgot the account",
    "no_benefit": "No benefit in giving it",
    "no_benefit_signing_in": "No benefit in giving it",
    "fear_own_organisation": "Afraid of the own organisation",
    "fear_other_organisation": "Afraid of another organisation",
    "fear_reputation_career": "Afraid for reputation or career",
    "reputation": "Afraid for reputation or career",
    "colleagues_may_find_out": "Colleagues may find out",
    "colleagues": "Colleagues may find out",
}
"""Reasons for giving no name, as people would say them."""
OWN_WORDS = {ALL: "All reports", NONE: "No domain given"}


class Titles:
    """Looks words up.

    Args:
        taxonomy: The release that this service was built with.
    """

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._domains = {name: domain.title for name, domain in taxonomy.domains.items()} | OWN_WORDS
        self._classes = {name: event_class.title for name, event_class in taxonomy.event_classes.items()}
        self._groups = {group.name: group.title for group in taxonomy.groups}
        self._factors = {name: factor.title for name, factor in taxonomy.factors.items()}
        self._settings = {name: setting.title for name, setting in taxonomy.settings.items()}

    def domain(self, word: str) -> str:
        """Return a domain's title."""
        return self._domains.get(word) or sentence_case(word)

    def group(self, word: str) -> str:
        """Return the title of a group of domains."""
        return self._groups.get(word) or sentence_case(word)

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

    def disruption(self, word: str) -> str:
        """Return a kind of disruption."""
        return DISRUPTIONS.get(word) or sentence_case(word)

    def reason(self, word: str) -> str:
        """Return a reason for giving no name."""
        return REASONS.get(word) or sentence_case(word)

    def worry(self, level: int) -> str:
        """Return how worried the reporter was, 1 to 4."""
        return WORRY.get(level) or str(level)
