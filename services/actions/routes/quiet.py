"""HTTP for what quiet series could have seen."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

from fastapi import APIRouter
from pydantic import BaseModel

from services.actions.domain.watch.quiet import QuietSeries
from services.actions.routes.tasks import Asked, Reader
from services.actions.usecases.desk import Who
from services.actions.usecases.quiet import QuietDesk
from shared.contracts.actions import Series


class SpeaksAt(BaseModel):
    """So many reports in so many weeks would be asked about."""

    count: int
    weeks: int


class QuietView(BaseModel):
    """What a quiet series could have seen.

    `baseline_weeks` are weighed by exposure. After about `doubling_weeks` a doubling would have shown with even
    chances; null where that takes more than half a year, or the record is too short.
    """

    series: Series
    title: str
    baseline_events: int
    baseline_weeks: float
    speaks_at: tuple[SpeaksAt, ...]
    doubling_weeks: int | None
    sentence: str


class QuietPage(BaseModel):
    """The quiet series of a site: all reports together, and each domain that no open signal speaks of."""

    site: str
    as_of: date
    series: tuple[QuietView, ...]


def quiet_router(desk: QuietDesk) -> APIRouter:
    """Build the route.

    Args:
        desk: The use case.
    """
    router = APIRouter(tags=["signals"])

    @router.get("/v1/quiet")
    async def read_quiet(reader: Reader, site: str, provider_id: Asked = None) -> QuietPage:
        """Say what each quiet series of a site could have seen; quiet is not safe."""
        as_of, found = await desk.read(Who(reader, reader.provider(provider_id)), site)
        return QuietPage(site=site, as_of=as_of, series=tuple(_view(state) for state in found))

    return router


def _view(state: QuietSeries) -> QuietView:
    return QuietView(
        series=Series.model_validate(asdict(state.series)),
        title=state.title,
        baseline_events=state.found.events,
        baseline_weeks=round(state.found.weeks, 1),
        speaks_at=tuple(SpeaksAt(count=least.count, weeks=least.weeks) for least in state.found.speaks_at),
        doubling_weeks=state.found.doubling_weeks,
        sentence=state.sentence,
    )
