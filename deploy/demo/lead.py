"""What the group's leads do in one go: answer what waits, record what stands in the way, meet, tell the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import cycle
from typing import Any, Protocol

WAITING_MAX = 500
AT_ONCE = 4
"""So many are done side by side; they have nothing to do with one another."""
STALE_DAYS = 56
"""A proposal that nobody took up for so long is declined at the meeting."""
EARLIER = "decision"
"""The kind of an agenda's item that an earlier meeting decided."""
Line = dict[str, Any]
REASON = {
    "yes": "Looked at with the site's manager and the notes of the day.",
    "no": "Looked at with the site's manager: the notes of the day say otherwise.",
    "dont_know": "Waiting for the surgery's answer.",
}
IN_THE_WAY = (
    "A second person looks before it is done, also at night.",
    "Taken away or out of use until it is mended; a spare is in place.",
    "The plan was changed, and every shift has read it.",
    "A lock, alarm or guard was fitted and tried.",
    "Only trained staff do this now; the rota shows who.",
)
TELLINGS = (
    {"status": "told", "who": "family"},
    {"status": "told", "who": "person"},
    {"status": "told", "who": "person"},
    {"status": "not_needed", "why_not": "The person was there and spoke about it with the carer."},
    {"status": "told", "who": "family"},
    {"status": "not_yet", "why_not": "Daughter is abroad until the weekend."},
)
STALE = (
    "The reports tell of different things; looked at one by one.",
    "Covered by the audit that is under way.",
    "Put right on the day; no pattern seen at the meeting.",
)


class Desk(Protocol):
    """How an act is sent and what is listed."""

    def send(self, act: Line, path: str, body: Line) -> Any:
        """Do something as of the act's moment."""
        ...

    def read(self, act: Line, path: str, **asked: Any) -> Any:
        """Read something as who acts."""
        ...


class Leads:
    """Acts for the whole group.

    Args:
        desk: Sends acts and reads lists.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.kinds: Mapping[str, Callable[[Line], None]] = {
            "duties": self._duties, "cards": self._cards, "told": self._told, "stale": self._stale,
            "publish": self._publish, "meeting": self._meeting,
        }  # fmt: skip

    def _duties(self, act: Line) -> None:
        """Answer the questions that nobody has answered, oldest first; who is to be told is told at once."""
        asked = self._desk.read(act, "duties", status="asked", limit=WAITING_MAX)["duties"]
        asked.sort(key=lambda duty: (str(duty["advised_at"]), str(duty["duty_id"])))

        def answer(duty: Line, said: str) -> None:
            path = f"duties/{duty['duty_id']}"
            body = {"version": duty["version"], "answer": said, "reason": REASON[said]}
            told = self._desk.send(act, f"{path}:answer", body)
            if told["status"] == "holds" and len(told["councils"]) > 1:
                body = {"version": told["version"], "council": told["councils"][0]}
                told = self._desk.send(act, f"{path}:council", body)
            if told["status"] == "holds":
                reference = "Told by telephone, confirmed by e-mail the same day"
                self._desk.send(act, f"{path}:done", {"version": told["version"], "reference": reference})

        self._each(asked, cycle(act["answers"].split()), answer)

    def _cards(self, act: Line) -> None:
        """Record at every open card what now stands in the way."""
        cards = self._desk.read(act, "cards", limit=WAITING_MAX)["cards"]

        def clear(card: Line, words: str) -> None:
            self._desk.send(act, f"cards/{card['card_id']}:clear", {"version": card["version"], "in_the_way": words})

        self._each(cards, cycle(IN_THE_WAY), clear)

    def _told(self, act: Line) -> None:
        """Write down whether the person or the family was told."""
        waiting = self._desk.read(act, "told", status="open", limit=WAITING_MAX)["told"]

        def note(told: Line, said: Line) -> None:
            when = {"told_at": act["at"].isoformat()} if said["status"] == "told" else {}
            self._desk.send(act, f"reports/{told['report_id']}/told", {"version": told["version"], **said, **when})

        self._each(waiting, cycle(TELLINGS), note)

    def _stale(self, act: Line) -> None:
        """Decline what was proposed long ago and nobody took up."""
        before = (act["at"] - timedelta(days=STALE_DAYS)).date().isoformat()
        proposed = self._desk.read(act, "actions", status="proposed", limit=WAITING_MAX)["actions"]
        old = [task for task in proposed if str(task["proposed_at"]) < before]

        def decline(task: Line, reason: str) -> None:
            body = {"version": task["version"], "reason": reason}
            self._desk.send(act, f"actions/{task['action_id']}:decline", body)

        self._each(old, cycle(STALE), decline)

    def _publish(self, act: Line) -> None:
        """Tell all sites what staff said and what was done, and let some of them answer."""
        body = {name: act[name] for name in ("you_said", "we_did", "domains")} | {"site": act["from_site"]}
        made = self._desk.send(act, "learning", body | {"alert": True})
        for site in act["answered"]:
            answer = {"site": site, "status": act["answered"][site]}
            self._desk.send(act, f"learning/{made['learning_id']}:answer", answer)

    def _meeting(self, act: Line) -> None:
        """Hold the monthly meeting: who was there, what was decided, signed."""
        held_on = act["at"].date().isoformat()
        records = self._desk.read(act, "meetings")["meetings"]
        if any(one["held_on"] == held_on and one["status"] == "signed" for one in records):
            return
        meeting = self._desk.send(act, "meetings", {"held_on": held_on})
        meeting = self._on(act, meeting, ":attended", {"attended": act["attended"]})
        for item in meeting["agenda"]:
            if item["kind"] == EARLIER:
                meeting = self._on(act, meeting, ":outcome", {"item_id": item["item_id"], "outcome": "done"})
        due_on = (act["at"].date() + timedelta(weeks=4)).isoformat()
        about = [item["item_id"] for item in meeting["agenda"] if item["kind"] != EARLIER]
        for number, words in enumerate(act["decided"][len(meeting["decisions"]) :]):
            item = about[number] if number < len(about) else None
            said = {"item_id": item, "words": words, "owner_role": "registered_manager", "due_on": due_on}
            meeting = self._on(act, meeting, ":decide", said)
        self._on(act, meeting, ":sign", {})

    def _on(self, act: Line, meeting: Line, verb: str, body: Line) -> Any:
        return self._desk.send(act, f"meetings/{meeting['meeting_id']}{verb}", {"version": meeting["version"], **body})

    @staticmethod
    def _each(found: Iterable[Line], said: Iterable[Any], work: Callable[[Line, Any], None]) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda pair: work(*pair), zip(found, said, strict=False)))
