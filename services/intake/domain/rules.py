"""What a submission must be to be accepted: every rule that is broken is named, not only the first."""

from __future__ import annotations

from services.intake.domain.sites import Site
from services.intake.domain.submission import Submission
from services.intake.domain.times import Times
from shared.kernel.clock import london_date
from shared.kernel.errors import Fault


def check_text(text: str, longest: int) -> list[Fault]:
    """Check the narrative.

    Args:
        text: Clean text.
        longest: Most characters that are taken, without the white space around them.
    """
    length = len(text.strip())
    if length == 0:
        return [Fault("is empty: say in a few words what happened", "text")]
    if length > longest:
        return [Fault(f"has {length} characters: at most {longest} are taken", "text")]
    return []


def check_site(site: Site, times: Times) -> list[Fault]:
    """Check that the site was open when it happened."""
    why = site.why_closed(london_date(times.occurred_at))
    return [Fault(why, "occurred_at")] if why else []


def check_disruption(submission: Submission) -> list[Fault]:
    """Check that a disruption does not end before it began."""
    disruption = submission.disruption
    if disruption is None or disruption.started_at is None or disruption.ended_at is None:
        return []
    return [Fault("is before started_at", "disruption.ended_at")] if disruption.ended_at < disruption.started_at else []


def check_no_names(submission: Submission) -> list[Fault]:
    """Check that the references, which are published as they are, do not repeat the name of a person who was named."""
    reference = submission.external_reference
    published = {
        "asset_ref": submission.asset_ref,
        "external_reference.id": reference and reference.id,
        "external_reference.system": reference and reference.system,
        "external_reference.link": reference and reference.link,
    }
    names = [name.casefold() for name in submission.names() if len(name.strip()) > 2]
    return [
        Fault("repeats a person's name: send an id without one", field)
        for field, value in published.items()
        if value and any(name in value.casefold() for name in names)
    ]
