"""What a reporter, an app or a file hands in: checked for form at the edge, not yet for sense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from services.intake.domain.times import Moment


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who tells it; kept in the vault alone, and not even there when the report is anonymous."""

    id: str | None = None
    name: str | None = None
    contact: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Who it was about; kept in the vault alone."""

    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Disruption:
    """Care or its running was disturbed for a time."""

    kind: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    people_affected: int | None = None
    plan_used: bool | None = None
    plan_worked: bool | None = None


@dataclass(frozen=True, slots=True)
class ExternalReference:
    """Where the same report lies in another system."""

    system: str
    id: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class GivenLabels:
    """Coding that came with an import: words and numbers, no prose."""

    labels: Mapping[str, Any]
    coder_role: str | None = None
    source_system: str | None = None


class Submission(NamedTuple):
    """One report as it was handed in; texts are clean (see `clean`), times are read.

    Attributes:
        body: The canonical form of what was sent, for telling a repeat from another body. It leaves out the
            provider (part of the report's id) and the origin (how it came is not what it says).
    """

    site_id: str
    text: str
    body: bytes
    occurred_at: Moment | None = None
    occurred_band: str | None = None
    reported_at: Moment | None = None
    place: str | None = None
    what_stopped_it: str | None = None
    worry: int | None = None
    reporter_role: str | None = None
    identity_mode: str = "anonymous"
    anonymity_reason: str | None = None
    reporter: Reporter | None = None
    person: Person | None = None
    asset_ref: str | None = None
    disruption: Disruption | None = None
    external_reference: ExternalReference | None = None
    outside_first: bool = False
    given_labels: GivenLabels | None = None
    origin: str = "live"
    provider_id: str | None = None
    language: str | None = None

    def names(self) -> tuple[str, ...]:
        """Return the names of people that the sender gave, for redaction."""
        if self.person is None and self.reporter is None:
            return ()
        given = (self.person and self.person.name, self.reporter and self.reporter.name)
        return tuple(name for name in given if name)
