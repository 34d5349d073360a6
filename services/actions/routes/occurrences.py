"""HTTP for occurrences of routines: read, carried out with findings, and records compared with a reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from services.actions.domain.occurrences import OPEN, STATUSES, Findings
from services.actions.domain.occurrences import Occurrence as OccurrenceState
from services.actions.routes.places import Day, Paging
from services.actions.routes.tasks import Actor, Asked, Body, LineView, Reader, line_view
from services.actions.usecases.desk import Who
from services.actions.usecases.routine_desk import RoutineDesk
from shared.contracts.actions import Occurrence

StatusAsked = Literal["open", "all", "planned", "due", "done", "missed"]
Number = Annotated[int | None, Field(ge=0, le=1_000_000)]
Assets = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] | None, Field(max_length=500)]
Csv = Annotated[str, Field(min_length=1, max_length=900_000)]


class CarriedOut(Body):
    """Write down what was found, in the fields of the kind.

    A checklist says done and of; an inspection assets_checked and assets_faulty; a verification checked, wrong and
    corrected.
    """

    version: Annotated[int, Field(ge=0, description="The version that was seen; 0 while it is only planned")]
    done: Number = None
    of: Number = None
    assets_checked: Assets = None
    assets_faulty: Assets = None
    checked: Number = None
    wrong: Number = None
    corrected: Number = None
    note: Annotated[str | None, Field(max_length=200)] = None


class ToCompare(Body):
    """Two CSV texts: records (id, address, postcode, uprn where known) and reference (address, postcode, uprn)."""

    records: Csv
    reference: Csv


class OccurrenceView(Occurrence):
    """An occurrence as readers get it; version 0 is only planned, and nobody was told yet."""

    version: int = Field(ge=0)
    provider_id: str
    site_id: str
    title: str
    owner_role: str
    grace_days: int


class ComparisonView(BaseModel):
    """What is kept of a comparison: counts, and the rows that did not agree, each by a keyed reference."""

    at: AwareDatetime
    by_role: str
    checked: int
    agree: int
    differ: int
    near: int
    not_found: int
    postcode_invalid: int
    rows: tuple[tuple[str, str], ...]


class OccurrenceWithHistory(OccurrenceView):
    """An occurrence with what became of it and what was compared for it, oldest first."""

    history: tuple[LineView, ...]
    comparisons: tuple[ComparisonView, ...]


class OccurrencePage(BaseModel):
    """Occurrences, the earliest due day first, and where to go on; `next` is None at the end."""

    occurrences: tuple[OccurrenceView, ...]
    next: str | None


class DifferenceView(BaseModel):
    """A record that does not agree; shown this once."""

    line: int
    key: str
    verdict: str
    recorded: str
    reference: str | None


class ComparedView(BaseModel):
    """What a comparison found; the differences are not kept."""

    checked: int
    agree: int
    differ: int
    near: int
    not_found: int
    postcode_invalid: int
    differences: tuple[DifferenceView, ...]


def occurrences_router(desk: RoutineDesk) -> APIRouter:
    """Build the routes of occurrences.

    Args:
        desk: The use cases.
    """
    router = APIRouter(tags=["routines"])

    @router.get("/v1/occurrences")
    async def list_occurrences(
        reader: Reader,
        page: Paging,
        site: str | None = None,
        routine: str | None = None,
        status: StatusAsked = "open",
        due_from: Day | None = None,
        due_to: Day | None = None,
        provider_id: Asked = None,
    ) -> OccurrencePage:
        """List occurrences in reach, by the day on which they are due."""
        who = Who(reader, reader.provider(provider_id))
        asked = (site, _statuses(status), page.limit, page.start(date))
        found = await desk.occurrence_list(who, asked, routine, due_from, due_to)
        following = page.following([(occurrence.due_on, occurrence.occurrence_id) for occurrence in found])
        return OccurrencePage(occurrences=tuple(_view(occurrence) for occurrence in found), next=following)

    @router.get("/v1/occurrences/{occurrence_id}")
    async def read_occurrence(reader: Reader, occurrence_id: str, provider_id: Asked = None) -> OccurrenceWithHistory:
        """Read one occurrence with its history."""
        who = Who(reader, reader.provider(provider_id))
        occurrence, history, compared = await desk.occurrence(who, occurrence_id)
        said = {
            "history": tuple(line_view(line) for line in history),
            "comparisons": tuple(asdict(comparison) for comparison in compared),
        }
        return OccurrenceWithHistory.model_validate(asdict(occurrence) | said)

    @router.post("/v1/occurrences/{occurrence_id}:complete")
    async def complete(actor: Actor, occurrence_id: str, body: CarriedOut, provider_id: Asked = None) -> OccurrenceView:
        """Write down that it was carried out, and what was found."""
        who = Who(actor, actor.provider(provider_id))
        findings = Findings(**body.model_dump(exclude={"version"}))
        return _view(await desk.complete(who, occurrence_id, body.version, findings))

    @router.post("/v1/occurrences/{occurrence_id}:verify")
    async def verify(actor: Actor, occurrence_id: str, body: ToCompare, provider_id: Asked = None) -> ComparedView:
        """Compare client records with a reference: the differences come once, only counts are kept."""
        who = Who(actor, actor.provider(provider_id))
        found = await desk.verify(who, occurrence_id, body.records, body.reference)
        return ComparedView(
            checked=found.checked,
            agree=found.agree,
            differ=found.count("differs"),
            near=found.count("near"),
            not_found=found.count("not_found"),
            postcode_invalid=found.count("postcode_invalid"),
            differences=tuple(DifferenceView(**asdict(difference)) for difference in found.differences),
        )

    return router


def _statuses(asked: StatusAsked) -> Sequence[str]:
    return {"open": OPEN, "all": STATUSES}.get(asked, (asked,))


def _view(occurrence: OccurrenceState) -> OccurrenceView:
    return OccurrenceView.model_validate(asdict(occurrence))
