"""One occurrence of a routine, made for a phone: what was done, checked or compared, and what was found."""

from __future__ import annotations

from fastapi import APIRouter, Response

from services.actions.domain.address_check import Compared
from services.actions.domain.occurrences import CHECKLIST, DONE, INSPECTION, OPEN, VERIFICATION, Findings, Occurrence
from services.actions.routes.pages.frame import FRESH, Done, Frame, Sent, Tried, Typed, refused
from services.actions.routes.tasks import Actor, Reader
from services.actions.usecases.desk import Who
from services.actions.usecases.routine_desk import RoutineDesk
from shared.kernel.errors import Conflict, Fault, Invalid
from shared.web.navigation import BOARD

BEFORE_MAX = 60
ASSETS_MAX = 100
"""So many assets of last time a form asks about one by one; others are typed."""


class OccurrencePages:
    """The answers.

    Args:
        frame: What pages are made with.
        desk: Routines.
    """

    def __init__(self, frame: Frame, desk: RoutineDesk) -> None:
        self._frame = frame
        self._desk = desk

    def router(self) -> APIRouter:
        """Build the routes."""
        router = APIRouter(include_in_schema=False)
        router.get("/occurrences/{occurrence_id}")(self.one)
        router.post("/occurrences/{occurrence_id}")(self.complete)
        router.post("/occurrences/{occurrence_id}/compare")(self.compare)
        return router

    async def one(self, reader: Reader, occurrence_id: str, saved: Done = None) -> Response:
        """Show one occurrence."""
        return await self._show(Who(reader, reader.provider()), occurrence_id, FRESH, saved)

    async def complete(self, actor: Actor, occurrence_id: str, form: Sent) -> Response:
        """Write down that it was carried out, and what was found."""
        who = Who(actor, actor.provider())

        async def completed() -> None:
            occurrence, _, _ = await self._desk.occurrence(who, occurrence_id)
            await self._desk.complete(who, occurrence_id, form.version(), _findings(occurrence.kind, form))

        to = self._frame.href("occurrences", occurrence_id)
        return await self._frame.sent(completed(), to, form, lambda tried: self._show(who, occurrence_id, tried))

    async def compare(self, actor: Actor, occurrence_id: str, form: Sent) -> Response:
        """Compare two files in memory, and show the differences this once."""
        who = Who(actor, actor.provider())
        try:
            texts = [form.text(name) for name in ("records", "reference")]
            missing = [name for name, text in zip(("records", "reference"), texts, strict=True) if text is None]
            if missing:
                raise Invalid("a file is missing", tuple(Fault("choose a file", name) for name in missing))
            found = await self._desk.verify(who, occurrence_id, texts[0] or "", texts[1] or "")
        except (Invalid, Conflict) as refusal:
            tried = refused(refusal, form)
            return await self._show(who, occurrence_id, Tried(tried.errors, {}, tried.status))
        return await self._show(who, occurrence_id, FRESH, None, found)

    async def _show(
        self,
        who: Who,
        occurrence_id: str,
        tried: Tried,
        saved: str | None = None,
        found: Compared | None = None,
    ) -> Response:
        occurrence, history, comparisons = await self._desk.occurrence(who, occurrence_id)
        routine, _ = await self._desk.routine(who, occurrence.routine_id)
        return await self._frame.show(
            "occurrence.html",
            who,
            BOARD,
            tried,
            saved,
            occurrence=occurrence,
            routine=routine,
            history=history,
            comparisons=comparisons,
            found=found,
            open=occurrence.status in OPEN,
            before=await self._assets_before(who, occurrence) if occurrence.kind == INSPECTION else (),
        )

    async def _assets_before(self, who: Who, occurrence: Occurrence) -> list[str]:
        """Return the assets that earlier occurrences looked at, so that nobody types them again."""
        asked = (occurrence.site_id, (DONE,), BEFORE_MAX, None)
        past = await self._desk.occurrence_list(who, asked, occurrence.routine_id, None, occurrence.due_on)
        return list(dict.fromkeys(name for one in reversed(past) for name in one.assets_checked))[:ASSETS_MAX]


def _findings(kind: str, form: Typed) -> Findings:
    note = form.text("note")
    if kind == VERIFICATION:
        numbers = [form.needed(name) for name in ("checked", "wrong", "corrected")]
        return Findings(checked=numbers[0], wrong=numbers[1], corrected=numbers[2], note=note)
    if kind == INSPECTION:
        said = [(form.text(f"known-{n}"), form.text(f"state-{n}")) for n in range(1, ASSETS_MAX + 1)]
        fine = [name for name, state in said if name and state == "fine"]
        faulty = [name for name, state in said if name and state == "fault"] + list(form.lines("more_faulty"))
        return Findings(
            assets_checked=tuple(dict.fromkeys((*fine, *form.lines("more_assets"), *faulty))),
            assets_faulty=tuple(dict.fromkeys(faulty)),
            note=note,
        )
    steps = form.many("point")
    of = form.needed("of")
    done = len(steps) if form.text("listed") else form.needed("done")
    assert kind == CHECKLIST, "there are three kinds"
    return Findings(done=done, of=of, note=note)
