"""The record of a governance meeting: the agenda, who was there, what was decided; signed, and frozen from then on."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from services.actions.domain.meetings import KINDS, SIGNED, Decision, Meeting, content_hash
from services.actions.routes.meetings import Leader
from services.actions.routes.pages.frame import FRESH, Done, Frame, Sent, Tried, Typed, led, refused
from services.actions.usecases.desk import Who
from services.actions.usecases.meeting_desk import MeetingDesk
from shared.kernel.errors import Conflict, Fault, Forbidden, Invalid
from shared.web.navigation import CLOCKS

ATTENDING = (
    ("nominated_individual", "Nominated individual"),
    ("governance_lead", "Governance lead"),
    ("safeguarding_lead", "Safeguarding lead"),
    ("registered_manager", "Registered managers"),
    ("deputy_manager", "Deputy managers"),
    ("nurse", "Nurses"),
    ("care_staff", "Care staff"),
    ("maintenance_lead", "Maintenance"),
    ("person_or_family", "People who use the service, or family"),
    ("other", "Others"),
)


class MeetingPages:
    """The answers.

    Args:
        frame: What pages are made with.
        desk: The records.
    """

    def __init__(self, frame: Frame, desk: MeetingDesk) -> None:
        self._frame = frame
        self._desk = desk

    def router(self) -> APIRouter:
        """Build the routes."""
        router = APIRouter(include_in_schema=False)
        router.get("/meetings")(self.records)
        router.post("/meetings")(self.open)
        router.get("/meetings/{meeting_id}")(self.one)
        router.post("/meetings/{meeting_id}")(self.act)
        return router

    async def records(self, leader: Leader) -> Response:
        """List the records."""
        return await self._list(Who(leader, leader.provider()), FRESH)

    async def open(self, leader: Leader, form: Sent) -> Response:
        """Open the record of a day."""
        who = Who(leader, leader.provider())
        try:
            meeting = await self._desk.open(who, form.day_needed("held_on"))
        except (Invalid, Conflict, Forbidden) as refusal:
            return await self._list(who, refused(refusal, form))
        return led(self._frame.href("meetings", meeting.meeting_id))

    async def one(self, leader: Leader, meeting_id: str, saved: Done = None) -> Response:
        """Show one record."""
        return await self._show(Who(leader, leader.provider()), meeting_id, FRESH, saved)

    async def act(self, leader: Leader, meeting_id: str, form: Sent) -> Response:
        """Do with a record what the pressed button says."""
        who = Who(leader, leader.provider())
        to = self._frame.href("meetings", meeting_id)
        return await self._frame.sent(
            self._acted(who, meeting_id, form), to, form, lambda tried: self._show(who, meeting_id, tried)
        )

    async def _acted(self, who: Who, meeting_id: str, form: Typed) -> None:
        version = form.version()
        word, _, key = (form.text("act") or "").partition("=")
        if word == "attended":
            attended = {role: form.number(role) or 0 for role, _ in ATTENDING}
            await self._desk.attended(who, meeting_id, version, attended)
        elif word == "decide":
            owner = form.role("owner_role")
            if owner is None:
                raise Invalid("the form is not complete", (Fault("choose a role", "owner_role"),))
            words = form.text("words") or ""
            said = Decision("", form.text("item_id"), words, owner, form.day_needed("due_on"))
            await self._desk.decide(who, meeting_id, version, said)
        elif word == "strike":
            await self._desk.strike(who, meeting_id, version, key)
        elif word in ("done", "not_done"):
            await self._desk.outcome(who, meeting_id, version, key, word)
        elif word == "agenda":
            await self._desk.open(who, (await self._desk.read(who, meeting_id)).held_on)
        elif word == "sign":
            await self._desk.sign(who, meeting_id, version)
        else:
            raise Invalid("nothing was chosen", (Fault("press one of the buttons", "form"),))

    async def _list(self, who: Who, tried: Tried) -> Response:
        records = await self._desk.records(who)
        return await self._frame.show("meetings.html", who, CLOCKS, tried, records=records)

    async def _show(self, who: Who, meeting_id: str, tried: Tried, saved: str | None = None) -> Response:
        meeting = await self._desk.read(who, meeting_id)
        return await self._frame.show(
            "meeting.html",
            who,
            CLOCKS,
            tried,
            saved,
            meeting=meeting,
            signed=meeting.status == SIGNED,
            parts_of=[(kind, [item for item in meeting.agenda if item.kind == kind]) for kind in KINDS],
            attending=ATTENDING,
            address=self._address,
            intact=meeting.status == SIGNED and content_hash(meeting) == meeting.content_hash,
            decided=_decided(meeting),
        )

    def _address(self, item: Any) -> str | None:
        """Return where an item of the agenda leads."""
        folder = {"signal": "signals", "verdict": "actions", "overdue": "actions", "escalation": "duties"}
        return self._frame.href(folder[item.kind], item.subject_id) if item.kind in folder else None


def _decided(meeting: Meeting) -> dict[str | None, list[Decision]]:
    """Return the decisions by the item that they are about."""
    found: dict[str | None, list[Decision]] = {}
    for decision in meeting.decisions:
        found.setdefault(decision.item_id, []).append(decision)
    return found
