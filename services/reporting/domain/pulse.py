"""What people answer to the two questions of the pulse, told only where enough answered to hide each one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

SAFE_TO_SPEAK, SOMETHING_CHANGED = "safe_to_speak", "something_changed"
QUESTIONS = (SAFE_TO_SPEAK, SOMETHING_CHANGED)
"""The questions that this release knows; answers to others are kept and not shown."""
ENOUGH_ANSWERS = 8
"""Fewer are not told: one answer of a small shift points to a person (the least count that outsiders see, too)."""
YES_FROM = 4
"""4 mostly, 5 always."""


@dataclass(frozen=True)
class Answers:
    """How often each question was answered how; answers go from 1 (never) to 5 (always)."""

    numbers: Mapping[tuple[str, int], int] = field(default_factory=dict)

    def __add__(self, other: Answers) -> Answers:
        return Answers(Counter(self.numbers) + Counter(other.numbers))

    def number(self, question: str, at_least: int = 1) -> int:
        """Return how many answered a question with so much or more."""
        return sum(n for (asked, answer), n in self.numbers.items() if asked == question and answer >= at_least)

    @property
    def enough(self) -> bool:
        """Tell whether every question that was answered has answers enough to be told."""
        numbers = [self.number(question) for question in QUESTIONS]
        return any(numbers) and all(number == 0 or number >= ENOUGH_ANSWERS for number in numbers)


@dataclass(frozen=True)
class Pulse:
    """The pulse of a period.

    Attributes:
        together: All answers of sites with enough; a site with too few is not in it, or it could be reckoned back.
        sites: Answers of each site; None where there are too few to tell.
        too_few: Sites with some answers and too few.
    """

    together: Answers
    sites: Mapping[str, Answers | None]
    too_few: int


def pulse_of(found: Mapping[str, Answers], sites: Iterable[str]) -> Pulse:
    """Gather a pulse.

    Args:
        found: Answers by site.
        sites: All sites in reach.
    """
    told = {site: found[site] if site in found and found[site].enough else None for site in sites}
    together = sum((answers for answers in told.values() if answers), Answers())
    return Pulse(together, told, sum(site in found and told[site] is None for site in told))


def share_of_yes(answers: Answers, question: str) -> float | None:
    """Return the share that answered mostly or always, 0 to 1; None where nobody answered."""
    asked = answers.number(question)
    return answers.number(question, YES_FROM) / asked if asked else None
