"""What a submission must be to be accepted: every rule that is broken is named, not only the first."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.intake.domain.report import Redact
from services.intake.domain.sites import Site
from services.intake.domain.submission import Disruption, ExternalReference
from services.intake.domain.times import Times
from shared.kernel.clock import london_date
from shared.kernel.errors import Fault

NAMES_NOBODY = "looks like it holds personal data (a name or number); use a reference that names nobody"

_PLACEHOLDER = re.compile(r"\[[A-Z_]+_[0-9]+\]")
_LOOKALIKE = re.compile(r"\[(?:NHS_NUMBER|NINO)_[0-9]+\]")
_AFTER_LETTERS = re.compile(rf"(?<=[A-Za-z]){_LOOKALIKE.pattern}")


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


def check_disruption(disruption: Disruption | None) -> list[Fault]:
    """Check that a disruption does not end before it began."""
    if disruption is None or disruption.started_at is None or disruption.ended_at is None:
        return []
    return [Fault("is before started_at", "disruption.ended_at")] if disruption.ended_at < disruption.started_at else []


def check_no_names(
    asset_ref: str | None,
    reference: ExternalReference | None,
    disruption: Disruption | None,
    names: Sequence[str],
    redact: Redact,
) -> list[Fault]:
    """Check that what is published as it is says nothing of anybody.

    Args:
        asset_ref: The thing that it was about.
        reference: Where the report lies in another system.
        disruption: What was disturbed; only its kind is words.
        names: Names of people whom the sender named, now or before.
        redact: Takes personal data out; what it would change is refused.
    """
    known = tuple(name for name in names if len(name.strip()) > 2) if names else ()
    faulty = []
    if asset_ref and _hides(asset_ref, known, redact):
        faulty.append("asset_ref")
    if reference is not None:
        if _hides(reference.system, known, redact):
            faulty.append("external_reference.system")
        if reference.link and _hides(reference.link, known, redact):
            faulty.append("external_reference.link")
    if disruption is not None and _hides(disruption.kind.replace("_", " "), known, redact):
        faulty.append("disruption.kind")
    if reference is not None and _hides(reference.id, known, redact, reference.system):
        faulty.append("external_reference.id")
    return [Fault(NAMES_NOBODY, field) for field in faulty]


def _hides(value: str, known: tuple[str, ...], redact: Redact, system: str | None = None) -> bool:
    """Tell whether somebody could be known by a value.

    A system's own record number can have the form of a person's number: it is taken where it stands directly after
    letters, or after the system's name and a colon, as in `OR0000934100` and `oregon_ltc:BC129272B`.
    """
    if known and any(name.casefold() in value.casefold() for name in known):
        return True
    hidden: str = redact(value, known)
    if system is not None:
        record_number = _LOOKALIKE if value.startswith(f"{system}:") else _AFTER_LETTERS
        hidden = record_number.sub("", hidden)
        return bool(_PLACEHOLDER.search(hidden))
    return hidden != value
