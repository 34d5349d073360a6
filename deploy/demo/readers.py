"""What was told is read: each report by its site's manager, who thanks and closes; and a poster asks two questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Protocol

from deploy.demo.data import PROVIDER
from shared.kernel.clock import LONDON

AT_ONCE: Final = 4
LISTED_MAX: Final = 500
BACK: Final = timedelta(days=10)
"""What was told so long before the last look may still wait for its reader."""
LATER_HOURS: Final = (3, 20, 7, 26, 2, 15, 44, 5, 31, 18, 70, 9, 22)
"""So many hours after it was told a report is read; the next of them for the next report."""
VERY_WORRIED: Final = 4
UNREAD_EVERY: Final = 12
"""Each twelfth report nobody reads."""
DAY_SHIFT: Final = (time(8), time(18))
OUTCOMES: Final = ("acted_on", "shared_with_team", "already_fixed", "no_action_needed", "shared_with_team")
THANKS: Final = (
    "Thank you for telling us. I have spoken with both shifts about it.",
    "",
    "Thank you. It was right to stop and tell.",
    "Thank you. It is on the list for the next team meeting.",
    "",
    "Thank you, that helps. We have put it right and will look again next week.",
    "Thank you for telling us. We have read it.",
)
"""Words to the reporter; with empty ones nobody hears back."""
DONE: Final = 409
FROM_HERE: Final = {"Sec-Fetch-Site": "same-origin"}
"""As a browser says of a form that it was sent from the page it belongs to."""
Row = dict[str, Any]


class Caller(Protocol):
    """How the services are called."""

    def call(self, method: str, path: str, bearer: str | None = None, **options: Any) -> Any:
        """Call a service and return its JSON; an answer of the status `settled` is as good."""
        ...


class Readers:
    """Reads what was told, and answers the poster's two questions.

    Args:
        caller: Calls the front door.
        token: Makes the token of a role at a site; the site is None for the whole group.
    """

    def __init__(self, caller: Caller, token: Callable[[str, str | None], str]) -> None:
        self._caller = caller
        self._token = token
        self._seen: set[str] = set()
        self._from: date | None = None

    def read_before(self, day: date) -> None:
        """Do what the managers did before a day: what was read and closed already is passed over.

        Args:
            day: The day; what is read on it or later waits.
        """
        told = [(row, int(row["external_id"][1:])) for row in self._told(day) if row["external_id"]]
        new = [(row, number, read_at(row, number)) for row, number in told if row["report_id"] not in self._seen]
        due = [(row, number, at) for row, number, at in new if number % UNREAD_EVERY and at.date() < day]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda one: self._read(*one), due))
        self._seen |= {row["report_id"] for row, _, _ in due}
        self._from = day - BACK

    def _told(self, day: date) -> list[Row]:
        """Return what was told since the last look."""
        asked: dict[str, Any] = {"provider": PROVIDER, "to": day.isoformat(), "limit": LISTED_MAX}
        if self._from is not None:
            asked["from"] = self._from.isoformat()
        rows: list[Row] = []
        while True:
            page = self._caller.call("GET", "/v1/reports", self._token("governance", None), params=asked)
            rows += page["reports"]
            if page["next"] is None:
                return rows
            asked["after"] = page["next"]

    def _read(self, row: Row, number: int, at: datetime) -> None:
        held = row["visibility"] != "site"
        bearer = self._token("safeguarding", None) if held else self._token("manager", row["site_id"])
        form = {"decision": "accepted", "outcome": OUTCOMES[number % len(OUTCOMES)]}
        if words := THANKS[number % len(THANKS)]:
            form |= {"thank": "yes", "message_kind": "thanks", "message": words}
        path, then = f"/in/triage/{row['report_id']}", {**FROM_HERE, "Effective-At": at.isoformat()}
        self._caller.call("POST", path, bearer, data=form, headers=then, settled=DONE)

    def pulse(self, act: Mapping[str, Any]) -> None:
        """Answer the two questions at each site as the act's line says: `54` is 5 to the first and 4 to the second."""
        bearer = self._token("governance", None)
        for site, said in act["answers"].items():
            link = self._caller.call("POST", "/in/v1/form-links", bearer, json={"site_id": site, "purpose": "pulse"})
            presented = link["address"].rsplit("/", 1)[1]
            for number, (safe, changed) in enumerate(said.split()):
                key = f"demo-{act['at']:%Y%m%d}-{number}"
                form = {"link": presented, "form_key": key, "safe_to_speak": safe, "something_changed": changed}
                then = {**FROM_HERE, "Effective-At": act["at"].isoformat()}
                self._caller.call("POST", "/in/pulse", data=form, headers=then)


def read_at(row: Mapping[str, Any], number: int) -> datetime:
    """Return when a report is read: hours after it was told, and not at night unless somebody was very worried.

    Args:
        row: The report as the views list it.
        number: Its number in the demo's data.
    """
    told = datetime.fromisoformat(row["reported_at"]).astimezone(LONDON)
    if row["worry"] == VERY_WORRIED:
        return told + timedelta(hours=1 + number % 3)
    at = told + timedelta(hours=LATER_HOURS[number % len(LATER_HOURS)])
    first, last = DAY_SHIFT
    if first <= at.time() < last:
        return at
    morning = at.date() if at.time() < first else at.date() + timedelta(days=1)
    return datetime.combine(morning, first, LONDON) + timedelta(minutes=number % 90)
