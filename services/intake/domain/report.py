"""The state of a report: how a submission becomes one, and how it is amended, withdrawn and hidden."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from json.encoder import encode_basestring
from typing import NamedTuple

from services.intake.domain.pseudonyms import Pseudonyms
from services.intake.domain.submission import (
    Disruption,
    ExternalReference,
    GivenLabels,
    Person,
    Reporter,
    Submission,
)
from services.intake.domain.times import BAND, Times
from shared.kernel.errors import Fault
from shared.kernel.ids import derived_id
from shared.redaction.text import RedactedText

SHORT_MAX_CHARS = 200
SITE = "site"
HELD = "held"
ASKED_BY_REPORTER = "asked_by_reporter"
WITHDRAWAL_REASONS = ("entered_in_error", "duplicate", "not_an_event", ASKED_BY_REPORTER)

AccusesManager = Callable[[str], bool]
"""The taxonomy's rule for texts that the site must not see first."""
Redact = Callable[[str, tuple[str, ...]], RedactedText]
"""Takes personal data out of a text; the names given are known to be people's."""
Words = tuple[RedactedText, RedactedText | None, RedactedText | None]
"""Redacted text, place and what stopped it."""


class Narrative(NamedTuple):
    """The words as they were given; kept in the vault alone.

    Attributes:
        hidden: Names that redaction had missed, as a person told them later.
    """

    text: str
    place: str | None = None
    what_stopped_it: str | None = None
    hidden: tuple[str, ...] = ()

    def whole(self) -> str:
        """Return all that was said, for rules that look at it together."""
        if self.place is None and self.what_stopped_it is None:
            return self.text
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


NOBODY = Identity()


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
    language: str | None = None


def report_id_of(provider_id: str, kind: str, *parts: str) -> str:
    """Derive a report's id.

    Args:
        provider_id: The tenant.
        kind: `key` (the sender's Idempotency-Key), `reference` (system and id elsewhere) or `random`.
        parts: What identifies it within the kind.

    Returns:
        The same id for the same arguments, for ever. Encoded as JSON, so that no two lists of parts read alike.
    """
    return derived_id(f"[{', '.join(map(encode_basestring, ('report', provider_id, kind, *parts)))}]")


def identity_of(submission: Submission) -> Identity:
    """Return what the vault keeps of people; of an anonymous reporter nothing is kept."""
    reporter = None if submission.identity_mode == "anonymous" else submission.reporter
    return NOBODY if reporter is None and submission.person is None else Identity(reporter, submission.person)


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


class Draft(NamedTuple):
    """What a submission comes to, settled part by part; as a whole it is a report's first revision.

    Most drafts are written as they are, by the hundred. One is made a `Report` where it meets another.

    Attributes:
        setting: The site's, on the day.
    """

    submission: Submission
    report_id: str
    provider_id: str
    setting: str
    times: Times
    received_at: datetime
    words: Words
    person_token: str | None
    reporter_token: str | None
    visibility: str
    redaction_version: str

    def report(self) -> Report:
        """Return the first revision."""
        submission, times = self.submission, self.times
        return Report(  # in the order of the fields: for so many of them names cost more than all else here
            self.report_id,
            self.provider_id,
            submission.site_id,
            1,
            self.setting,
            times.occurred_at,
            times.occurred_precision,
            times.occurred_band,
            times.reported_at,
            self.received_at,
            submission.origin,
            *self.words,
            submission.worry,
            submission.reporter_role,
            submission.identity_mode,
            submission.anonymity_reason,
            self.person_token,
            self.reporter_token,
            submission.asset_ref,
            submission.disruption,
            submission.external_reference,
            submission.outside_first,
            self.visibility,
            submission.given_labels,
            self.redaction_version,
            submission.language,
        )


def draft_of(
    submission: Submission,
    report_id: str,
    provider_id: str,
    setting: str,
    times: Times,
    received_at: datetime,
    words: Words,
    pseudonyms: Pseudonyms,
    accuses: bool,
    redaction_version: str,
) -> Draft:
    """Make the draft of a report.

    Args:
        submission: What was handed in; already checked.
        report_id: Its id.
        provider_id: The tenant.
        setting: The site's, on the day.
        times: Its settled times.
        received_at: When it reached us.
        words: Redacted text, place and what stopped it.
        pseudonyms: Makes the tokens.
        accuses: Whether its words accuse a manager, so that the site must not see it first.
        redaction_version: Version of the redactor.
    """
    person, reporter = submission.person, submission.reporter
    of_person = of_reporter = None
    if person is not None or reporter is not None:
        site_id, mode = submission.site_id, submission.identity_mode
        of_person = pseudonyms.person(provider_id, site_id, person)
        of_reporter = pseudonyms.reporter(provider_id, site_id, reporter, mode, times.reported_at)
    visibility = HELD if submission.outside_first or accuses else SITE
    return Draft(
        submission,
        report_id,
        provider_id,
        setting,
        times,
        received_at,
        words,
        of_person,
        of_reporter,
        visibility,
        redaction_version,
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
