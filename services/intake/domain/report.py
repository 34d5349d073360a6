"""The state of a report: how a submission becomes one, and how it is amended, withdrawn and hidden."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from services.intake.domain.pseudonyms import Pseudonyms
from services.intake.domain.sites import Site
from services.intake.domain.submission import (
    Disruption,
    ExternalReference,
    GivenLabels,
    Person,
    Reporter,
    Submission,
)
from services.intake.domain.times import BAND, Times
from shared.kernel.clock import london_date
from shared.kernel.errors import Fault
from shared.kernel.ids import derived_id
from shared.redaction.text import RedactedText

SHORT_MAX_CHARS = 200
SITE = "site"
HELD = "held"
WITHDRAWAL_REASONS = ("entered_in_error", "duplicate", "not_an_event", "asked_by_reporter")

_AS_SENT = (
    "worry",
    "reporter_role",
    "identity_mode",
    "anonymity_reason",
    "asset_ref",
    "disruption",
    "external_reference",
    "outside_first",
    "given_labels",
)
AccusesManager = Callable[[str], bool]
"""The taxonomy's rule for texts that the site must not see first."""
Redact = Callable[[str, tuple[str, ...]], RedactedText]
"""Takes personal data out of a text; the names given are known to be people's."""
Words = tuple[RedactedText, RedactedText | None, RedactedText | None]
"""Redacted text, place and what stopped it."""


@dataclass(frozen=True, slots=True)
class Narrative:
    """The words as they were given; kept in the vault alone."""

    text: str
    place: str | None = None
    what_stopped_it: str | None = None

    def whole(self) -> str:
        """Return all that was said, for rules that look at it together."""
        return "\n".join(part for part in (self.text, self.place, self.what_stopped_it) if part)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who told it and whom it is about; kept in the vault alone."""

    reporter: Reporter | None = None
    person: Person | None = None

    def names(self) -> tuple[str, ...]:
        """Return the names that are known."""
        given = (self.person and self.person.name, self.reporter and self.reporter.name)
        return tuple(name for name in given if name)


@dataclass(frozen=True, slots=True)
class Report:
    """The whole redacted state of a report; nothing in it says who anybody is."""

    report_id: str
    provider_id: str
    site_id: str
    revision: int
    setting: str
    occurred_at: datetime
    occurred_precision: str
    occurred_band: str | None
    reported_at: datetime
    received_at: datetime
    origin: str
    text: RedactedText
    place: RedactedText | None
    what_stopped_it: RedactedText | None
    worry: int | None
    reporter_role: str | None
    identity_mode: str
    anonymity_reason: str | None
    person_token: str | None
    reporter_token: str | None
    asset_ref: str | None
    disruption: Disruption | None
    external_reference: ExternalReference | None
    outside_first: bool
    visibility: str
    given_labels: GivenLabels | None
    redaction_version: str


def report_id_of(provider_id: str, kind: str, *parts: str) -> str:
    """Derive a report's id.

    Args:
        provider_id: The tenant.
        kind: `key` (the sender's Idempotency-Key), `reference` (system and id elsewhere) or `random`.
        parts: What identifies it within the kind.

    Returns:
        The same id for the same arguments, for ever. Encoded as JSON, so that no two lists of parts read alike.
    """
    return derived_id(json.dumps(["report", provider_id, kind, *parts], ensure_ascii=False))


def identity_of(submission: Submission) -> Identity:
    """Return what the vault keeps of people; of an anonymous reporter nothing is kept."""
    anonymous = submission.identity_mode == "anonymous"
    return Identity(None if anonymous else submission.reporter, submission.person)


def narrative_of(submission: Submission) -> Narrative:
    """Return the words as they were given."""
    return Narrative(submission.text, submission.place, submission.what_stopped_it)


def redact_narrative(narrative: Narrative, names: tuple[str, ...], redact: Redact) -> tuple[Words, list[Fault]]:
    """Redact the words of a report.

    Args:
        narrative: The words as given.
        names: Names of people whom the sender named.
        redact: Takes personal data out.

    Returns:
        Text, place and what stopped it; and faults where a short one is too long once names are placeholders.
    """
    text = redact(narrative.text, names)
    place = None if narrative.place is None else redact(narrative.place, names)
    stopped = None if narrative.what_stopped_it is None else redact(narrative.what_stopped_it, names)
    faults = [
        Fault(f"is over {SHORT_MAX_CHARS} characters once names are hidden: shorten it", field)
        for field, value in (("place", place), ("what_stopped_it", stopped))
        if value is not None and len(value) > SHORT_MAX_CHARS
    ]
    return (text, place, stopped), faults


def draft_report(
    submission: Submission,
    report_id: str,
    site: Site,
    times: Times,
    received_at: datetime,
    words: Words,
    pseudonyms: Pseudonyms,
    accuses_manager: AccusesManager,
    redaction_version: str,
) -> Report:
    """Make the first revision of a report.

    Args:
        submission: What was handed in; already checked.
        report_id: Its id.
        site: Where it belongs.
        times: Its settled times.
        received_at: When it reached us.
        words: Redacted text, place and what stopped it.
        pseudonyms: Makes the tokens.
        accuses_manager: The taxonomy's rule for reports that the site must not see first.
        redaction_version: Version of the redactor.
    """
    provider_id, site_id = site.provider_id, site.site_id
    held = submission.outside_first or accuses_manager(narrative_of(submission).whole())
    return Report(
        report_id=report_id,
        provider_id=provider_id,
        site_id=site_id,
        revision=1,
        setting=site.at(london_date(times.occurred_at)).setting,
        occurred_at=times.occurred_at,
        occurred_precision=times.occurred_precision,
        occurred_band=times.occurred_band,
        reported_at=times.reported_at,
        received_at=received_at,
        origin=submission.origin,
        text=words[0],
        place=words[1],
        what_stopped_it=words[2],
        person_token=pseudonyms.person(provider_id, site_id, submission.person),
        reporter_token=pseudonyms.reporter(
            provider_id, site_id, submission.reporter, submission.identity_mode, times.reported_at
        ),
        visibility=HELD if held else SITE,
        redaction_version=redaction_version,
        **{name: getattr(submission, name) for name in _AS_SENT},
    )


def succeed(stored: Report, sent: Report, submission: Submission, pseudonyms: Pseudonyms) -> Report:
    """Make the next revision of a report that its source system sent again with another body.

    When it first reached us, how it came, and a hold stay. A time of telling that was not given stays as it was
    first taken, and what was dated by it too.

    Args:
        stored: The present state.
        sent: The draft of what was sent now.
        submission: What was sent now.
        pseudonyms: Makes the reporter's token anew, since it depends on the time of telling.
    """
    reported_at = sent.reported_at
    if submission.reported_at is None:
        reported_at = stored.reported_at
        if submission.occurred_at is not None:
            reported_at = max(reported_at, sent.occurred_at)
    return replace(
        sent,
        revision=stored.revision + 1,
        received_at=stored.received_at,
        origin=stored.origin,
        reported_at=reported_at,
        occurred_at=reported_at if sent.occurred_precision == BAND else sent.occurred_at,
        reporter_token=pseudonyms.reporter(
            sent.provider_id, sent.site_id, submission.reporter, submission.identity_mode, reported_at
        ),
        visibility=HELD if HELD in (stored.visibility, sent.visibility) else SITE,
    )
