"""Events of actions on assets out of use, on whether people were told, and on remedies at several sites."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, Field

from shared.contracts.actions import Series
from shared.contracts.effectiveness import Span, Verdict
from shared.contracts.envelope import Event, Id, Short, Wire, Word


class AssetFault(Wire):
    """The whole state of an asset as people use it: in use, or out of use because of a fault that somebody owns.

    `asset` is the register's id, or the words that reports use (hoist 3). `status`: in_use, out_of_use. `owner`:
    provider, contractor or landlord. `out_days` counts the days out of use, the first one included, up to the change.
    """

    fault_id: Id
    version: int = Field(ge=1)
    asset: str = Field(min_length=1, max_length=64)
    status: Word
    out_since: AwareDatetime
    out_by_role: Word
    reason: Short | None = None
    owner: Word
    promised_on: date | None = None
    escalated_to: Word | None = None
    back_at: AwareDatetime | None = None
    back_by_role: Word | None = None
    note: Short | None = None
    out_days: int = Field(ge=0)
    report_ids: tuple[Id, ...] = ()
    visibility: Word = "site"


class AssetStatusChanged(Event):
    """An asset was taken out of use, its fault got an owner or a date, or it is back in use; whole state."""

    subject_field = "fault.fault_id"
    type: Literal["AssetStatusChanged"] = "AssetStatusChanged"
    by_role: Word
    fault: AssetFault


class Told(Wire):
    """Whether the person concerned, or the family, was told of a report.

    `status`: due, told, not_yet (with the reason), not_needed. Who was told is said by kind (person, family, advocate),
    never by name.
    """

    report_id: Id
    version: int = Field(ge=1)
    status: Word
    who: Word | None = None
    told_at: AwareDatetime | None = None
    told_by_role: Word | None = None
    why_not: Short | None = None
    due_at: AwareDatetime
    escalated_to: Word | None = None
    visibility: Word = "site"


class PersonTold(Event):
    """Somebody wrote down that the person or family was told, or why not yet; or it is overdue; whole state."""

    subject_field = "told.report_id"
    type: Literal["PersonTold"] = "PersonTold"
    by_role: Word
    told: Told


class ProgrammeSite(Wire):
    """One site of a programme: its own start, its own figures, its own verdict."""

    site_id: Id
    evaluation_id: Id
    started_on: date
    baseline: Span | None = None
    after: Span | None = None
    verdict: Word | None = None


class Programme(Wire):
    """A remedy that was begun at several sites: a verdict for each, and one over all, stratified by site."""

    programme_id: Id
    version: int = Field(ge=1)
    title: Short
    series: Series
    sites: tuple[ProgrammeSite, ...]
    pooled: Verdict | None = None
    rule_version: str
    visibility: Word = "site"


class ProgrammeAssessed(Event):
    """A programme was set up, or its figures moved; a fact of the whole provider; whole state."""

    subject_field = "programme.programme_id"
    may_be_provider_wide = True
    type: Literal["ProgrammeAssessed"] = "ProgrammeAssessed"
    programme: Programme
