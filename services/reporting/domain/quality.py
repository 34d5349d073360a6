"""How good the data are: what is filled in, what nobody could decide, what people had to put right."""

from __future__ import annotations

from dataclasses import dataclass

from services.reporting.domain.voices import Voices
from shared.taxonomy.event_class import UNKNOWN


@dataclass(frozen=True)
class Quality:
    """Shares of a site's reports, each 0 to 1 and None where there are no reports.

    Attributes:
        site_id: The site; None for all together.
        reports: Reports in the period.
        with_place: Say where it happened.
        with_stop: Say what stopped it.
        with_worry: Say how worried the reporter was.
        class_unknown: Nobody could decide their class.
        no_domain: Without any domain.
        needs_review: Wait for a person's look at their labels.
        corrected: A person decided a label: how often the model was put right, or coding came with an import.
        weeks: Complete weeks in the period.
        weeks_covered: Those among them whose exposure is known.
    """

    site_id: str | None
    reports: int
    with_place: float | None
    with_stop: float | None
    with_worry: float | None
    class_unknown: float | None
    no_domain: float | None
    needs_review: float | None
    corrected: float | None
    weeks: int
    weeks_covered: int


def quality_of(voices: Voices, weeks: int, weeks_covered: int, site_id: str | None = None) -> Quality:
    """Compute the shares.

    Args:
        voices: What the reports say.
        weeks: Complete weeks in the period, of all sites meant.
        weeks_covered: Those whose exposure is known.
        site_id: None for all sites together.
    """

    def share(part: int) -> float | None:
        return part / voices.reports if voices.reports else None

    return Quality(
        site_id=site_id,
        reports=voices.reports,
        with_place=share(voices.with_place),
        with_stop=share(voices.with_stop),
        with_worry=share(voices.with_worry),
        class_unknown=share(voices.number_of(UNKNOWN)),
        no_domain=share(voices.no_domain),
        needs_review=share(voices.needs_review),
        corrected=share(voices.corrected),
        weeks=weeks,
        weeks_covered=weeks_covered,
    )
