"""The pulse: two questions that anybody at a site may answer without a trace of who."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.kernel.clock import london_date, start_of_day
from shared.kernel.errors import Fault, Invalid
from shared.kernel.ids import derived_id

QUESTIONS: Final = ("safe_to_speak", "something_changed")
QUESTIONS_VERSION: Final = "1"
ANSWER_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Pulse:
    """One answer to both questions; dated by its day alone, so that no shift can be told from it."""

    pulse_id: str
    provider_id: str
    site_id: str
    day_start: datetime
    answers: tuple[int, int]


def pulse_of(provider_id: str, site_id: str, form_key: str, answers: tuple[int, int], now: datetime) -> Pulse:
    """Make a pulse from a form; the same form sent again is the same pulse.

    Raises:
        Invalid: an answer does not lie between 1 and 5.
    """
    wrong = [name for name, answer in zip(QUESTIONS, answers, strict=True) if not 1 <= answer <= ANSWER_MAX]
    if wrong:
        raise Invalid("nothing was sent; see errors", tuple(Fault("choose one of the five", name) for name in wrong))
    pulse_id = derived_id(f"pulse|{provider_id}|{site_id}|{form_key}")
    return Pulse(pulse_id, provider_id, site_id, start_of_day(london_date(now)), answers)
