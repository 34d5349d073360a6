"""The bodies that reports come in and answers go out as, and their translation to the domain."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic_core import PydanticCustomError

from services.intake.domain import submission as domain
from services.intake.domain.artefacts import escape_in, is_error
from services.intake.domain.rows import IDENTIFIER, WORD
from services.intake.domain.text import Unclean, clean
from services.intake.domain.times import parse_moment
from shared.kernel.errors import Fault
from shared.runtime.http import faults_of
from shared.taxonomy.labels import joint_faults, shape_faults, words_of

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/#-]{0,63}")
_CODES_MAX = 100
_FAULTS_SHOWN = 10
_NOT_SAID = {"provider_id", "origin"}
_PLAIN = (
    "site_id",
    "text",
    "occurred_band",
    "place",
    "what_stopped_it",
    "worry",
    "reporter_role",
    "identity_mode",
    "anonymity_reason",
    "asset_ref",
    "outside_first",
    "language",
)
"""Fields of a submission that are in the domain what they are on the wire."""


def _clean(value: str) -> str:
    if found := escape_in(value):
        why = f"holds {found[0]} at position {found.start() + 1}, a control character as a spreadsheet writes it out"
        raise PydanticCustomError("unclean", "{why}: take it out", {"why": why})
    if is_error(value):
        raise PydanticCustomError("unclean", "is an error of a spreadsheet's formula: give the value", {})
    try:
        return clean(value)
    except Unclean as error:
        raise PydanticCustomError("unclean", "{why}", {"why": str(error)}) from None


def _moment(value: str) -> str:
    try:
        parse_moment(value)
    except ValueError as error:
        raise PydanticCustomError("moment", "{why}", {"why": str(error)}) from None
    return value


def _coding(labels: dict[str, JsonValue]) -> dict[str, JsonValue]:
    faults = shape_faults(labels)
    if not faults:
        prose = "takes at most 100 words: codes such as medication, never prose"
        faults = [Fault(prose, name) for name, value in labels.items() if not _is_coding(words_of(value))]
        faults += joint_faults(labels)
    if faults:
        why = "; ".join(f"{fault.field} {fault.detail}" for fault in faults[:_FAULTS_SHOWN])
        raise PydanticCustomError("coding", "{why}", {"why": why})
    return labels


def _is_coding(words: list[str]) -> bool:
    return len(words) <= _CODES_MAX and all(_CODE.fullmatch(word) for word in words)


Clean = Annotated[str, AfterValidator(_clean)]
Label = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_clean)]
Short = Annotated[str, Field(max_length=200), AfterValidator(_clean)]
Word = Annotated[str, Field(pattern=f"^{WORD}$")]
SiteId = Annotated[str, Field(pattern=f"^{IDENTIFIER}$")]
When = Annotated[
    str,
    Field(max_length=40, description="ISO 8601 date or time; without a zone it is English local time"),
    AfterValidator(_moment),
]


class Body(BaseModel):
    """Base of what comes in: an unknown field is refused by name."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class ReporterBody(Body):
    """Who tells it; goes into the vault, and nowhere at all for an anonymous report."""

    id: Label | None = None
    name: Label | None = None
    contact: Label | None = None


class PersonBody(Body):
    """Who it was about; goes into the vault."""

    id: Label | None = None
    name: Label | None = None


class DisruptionBody(Body):
    """Care or its running was disturbed for a time."""

    kind: Word
    started_at: When | None = None
    ended_at: When | None = None
    people_affected: int | None = Field(default=None, ge=0, le=1_000_000)
    plan_used: bool | None = None
    plan_worked: bool | None = None

    def to_domain(self) -> domain.Disruption:
        """Return it with its times read."""
        fields = self.model_dump()
        fields |= {name: _at(fields[name]) for name in ("started_at", "ended_at")}
        return domain.Disruption(**fields)


class ExternalReferenceBody(Body):
    """Where the same report lies in another system: sending it again updates it and never doubles it."""

    system: Label
    id: Label
    link: Annotated[str, Field(max_length=500, pattern=r"^https?://\S+$"), AfterValidator(_clean)] | None = None


class GivenLabelsBody(Body):
    """Coding that a person gave in the system that the report comes from."""

    labels: Annotated[dict[str, JsonValue], AfterValidator(_coding)]
    coder_role: Word | None = None
    source_system: Label | None = None


class ReportSubmission(Body):
    """A near miss, as it is told."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "site_id": "elm-house",
                "text": "Found two blister packs for the same morning at handover, the late dose was still in one.",
                "occurred_band": "at_handover",
                "place": "medication room",
                "what_stopped_it": "second look at the chart",
                "worry": 3,
                "reporter_role": "care_worker",
                "external_reference": {"system": "care-app", "id": "INC-2043"},
            }
        }
    )

    site_id: SiteId
    text: Clean
    occurred_at: When | None = None
    occurred_band: Literal["now", "this_shift", "at_handover", "earlier"] | None = None
    reported_at: When | None = None
    place: Short | None = None
    what_stopped_it: Short | None = None
    worry: int | None = Field(default=None, ge=1, le=4, description="1 not, 2 a little, 3 quite, 4 very")
    reporter_role: Word | None = None
    identity_mode: Literal["anonymous", "confidential", "named"] = "anonymous"
    anonymity_reason: Word | None = None
    reporter: ReporterBody | None = None
    person: PersonBody | None = None
    asset_ref: Annotated[str, Field(max_length=64, pattern=r"^[\w .:/#-]+$")] | None = None
    disruption: DisruptionBody | None = None
    external_reference: ExternalReferenceBody | None = None
    outside_first: bool = False
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", description="BCP 47")] | None = None
    given_labels: GivenLabelsBody | None = None
    origin: Literal["live", "backfill", "telemetry"] = "live"
    provider_id: SiteId | None = Field(default=None, description="for keys that are not bound to a provider")

    def canonical(self) -> bytes:
        """Return the body by which a repeat is known.

        What is left out or empty counts the same, so that a field added by a later release changes no old body.
        """
        said = self.__pydantic_serializer__.to_python(self, exclude_defaults=True, exclude_none=True, exclude=_NOT_SAID)
        return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)

    def to_domain(self, provider_id: str | None = None, origin: str | None = None) -> domain.Submission:
        """Return the submission.

        Args:
            provider_id: The provider where the body names none.
            origin: How it came, where the body does not say.
        """
        return domain.Submission(
            **{name: getattr(self, name) for name in _PLAIN},
            body=self.canonical(),
            occurred_at=parse_moment(self.occurred_at) if self.occurred_at else None,
            reported_at=parse_moment(self.reported_at) if self.reported_at else None,
            provider_id=self.provider_id or provider_id,
            origin=origin if origin and "origin" not in self.model_fields_set else self.origin,
            reporter=domain.Reporter(**self.reporter.model_dump()) if self.reporter else None,
            person=domain.Person(**self.person.model_dump()) if self.person else None,
            disruption=self.disruption.to_domain() if self.disruption else None,
            external_reference=(
                domain.ExternalReference(**self.external_reference.model_dump()) if self.external_reference else None
            ),
            given_labels=domain.GivenLabels(**self.given_labels.model_dump()) if self.given_labels else None,
        )


class AmendmentBody(Body):
    """Fields to change, and the revision that was looked at; null clears a field that may be empty."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"revision": 1, "worry": 4, "place": "first-floor landing"}}
    )

    revision: int = Field(ge=1)
    text: Clean | None = None
    occurred_at: When | None = None
    occurred_band: Literal["now", "this_shift", "at_handover", "earlier"] | None = None
    place: Short | None = None
    what_stopped_it: Short | None = None
    worry: int | None = Field(default=None, ge=1, le=4)
    reporter_role: Word | None = None
    person: PersonBody | None = None
    asset_ref: Annotated[str, Field(max_length=64, pattern=r"^[\w .:/#-]+$")] | None = None
    disruption: DisruptionBody | None = None
    outside_first: bool | None = None

    def changes(self) -> dict[str, Any]:
        """Return the changes that were named, in the domain's own types."""
        said = {name: getattr(self, name) for name in self.model_fields_set - {"revision"}}
        for name in {"text", "outside_first"} & set(said):
            if said[name] is None:
                del said[name]
        if said.get("occurred_at"):
            said["occurred_at"] = parse_moment(said["occurred_at"])
        if said.get("person"):
            said["person"] = domain.Person(**said["person"].model_dump())
        if said.get("disruption"):
            said["disruption"] = said["disruption"].to_domain()
        return said


class WithdrawalBody(Body):
    """Why the report leaves all counts, and the revision that was looked at."""

    model_config = ConfigDict(json_schema_extra={"example": {"revision": 1, "reason": "duplicate"}})

    revision: int = Field(ge=1)
    reason: Literal["entered_in_error", "duplicate", "not_an_event", "asked_by_reporter"]


class ReportAnswer(BaseModel):
    """What became of a report that was sent."""

    report_id: str
    status: Literal["accepted", "repeated", "amended"]
    received_at: datetime


class ReportState(BaseModel):
    """A report as consumers see it, with its withdrawal if there was one."""

    provider_id: str
    site_id: str
    report: dict[str, Any]
    withdrawn: str | None = None


def submission_faults(error: ValidationError, line: int | None = None) -> tuple[Fault, ...]:
    """Say what is wrong with a body, by field; never repeats a value.

    Args:
        error: What validation found.
        line: The line of an import.
    """
    found = error.errors(include_url=False, include_input=False)
    if found and found[0]["type"] == "json_invalid":
        return (Fault(f"not JSON: {found[0].get('ctx', {}).get('error', 'cannot be read')}", None, line),)
    return tuple(Fault(fault.detail, fault.field, line) for fault in faults_of(found))


def _at(value: str | None) -> datetime | None:
    return None if value is None else parse_moment(value).at
