"""The demo's loader: history goes in day by day, and what broke off goes on when it is called again."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest

from deploy.demo import data
from deploy.demo.load import Loader
from shared.kernel.clock import london_date

TODAY = date(2026, 9, 2)
MONDAY = data.first_monday(TODAY)
LISTS = (
    "actions", "signals", "routines", "occurrences", "duties", "cards", "told", "faults", "meetings", "agenda",
    "decisions",
)  # fmt: skip


class FrontDoor:
    """Counts reports as the views would; remembers the calls."""

    def __init__(self, first_week: date | None = None) -> None:
        self.calls: list[httpx.Request] = []
        self.reports = 0
        self.told: list[dict[str, Any]] = []
        self.read: list[tuple[str, datetime]] = []
        self.answer_to_readers = 303
        self.first_week = first_week
        self.http = httpx.Client(transport=httpx.MockTransport(self._answer), base_url="http://front")

    def bodies(self, path: str) -> list[dict]:
        return [json.loads(call.content) for call in self.calls if call.url.path == path]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request)
        path = request.url.path
        if path == "/in/v1/reports:import":
            self.told += map(json.loads, request.content.splitlines())
            self.reports = len(self.told)
            return httpx.Response(200, json={"accepted": 1, "repeated": 0, "refused": 0})
        if path.startswith("/in/triage/"):
            report = path.rsplit("/", 1)[1]
            self.read.append((report, datetime.fromisoformat(request.headers["Effective-At"])))
            return httpx.Response(self.answer_to_readers)
        if path == "/v1/views/site-domain-week":
            rows = [{"week_start": self.first_week.isoformat()}] if self.first_week else []
            return httpx.Response(200, json={"rows": rows})
        answers: dict[str, Any] = {
            "/v1/reports": {"reports": self._listed(), "next": None},
            "/in/v1/form-links": {"address": "http://front/in/pulse/link"},
            "/v1/providers/rowan-care/totals": {"totals": {"reports": self.reports}},
            "/act/v1/replay": {"days": 1, "signals_raised": 0},
        }
        lists = {name: [] for name in LISTS}
        made = {"token": "t", "key": "k", "plan_id": "p", "meeting_id": "m", "version": 1, "learning_id": "l"}
        return httpx.Response(200, json=made | lists | answers.get(path, {}))

    def _listed(self) -> list[dict[str, Any]]:
        return [
            {
                "report_id": report["external_reference"]["id"], "external_id": report["external_reference"]["id"],
                "site_id": report["site_id"], "worry": report["worry"], "reported_at": report["reported_at"],
                "visibility": "held" if report.get("outside_first") else "site",
            }
            for report in self.told
        ]  # fmt: skip


def test_days_are_reviewed_in_order_once_and_the_last_ends_the_replay() -> None:
    """Each review ends the day before the people act; only the last, which ends yesterday, says that no more comes."""
    door = FrontDoor()
    Loader(door.http, "nmk_invented", TODAY).load()

    replays = door.bodies("/act/v1/replay")
    ends = [date.fromisoformat(body["to"]) for body in replays]
    assert {body["from"] for body in replays} == {MONDAY.isoformat()}
    assert ends == sorted(set(ends))
    assert ends[:-1] == [day - timedelta(days=1) for day in data.acts(MONDAY, TODAY) if day > MONDAY]
    assert ends[-1] == TODAY - timedelta(days=1)
    assert [body["more"] for body in replays] == [True] * (len(replays) - 1) + [False]


def test_reports_told_before_today_go_in_once_each() -> None:
    """What staff will tell today or later in the week that has begun is left out."""
    door = FrontDoor()
    Loader(door.http, "nmk_invented", TODAY).load()

    sent = [
        json.loads(line)
        for call in door.calls
        if call.url.path == "/in/v1/reports:import"
        for line in call.content.splitlines()
    ]
    ids = [report["external_reference"]["id"] for report in sent]
    assert len(ids) == len(set(ids)) == len(data.submissions(MONDAY, TODAY)) < len(data.lines())
    assert max(data.told_on(report) for report in sent) < TODAY


def test_what_broke_off_goes_on_with_the_weeks_in_which_its_data_lie(capsys: pytest.CaptureFixture[str]) -> None:
    """A load that began a week ago keeps its dates, though a new one would begin later."""
    began = MONDAY - timedelta(weeks=1)
    door = FrontDoor(first_week=began)
    Loader(door.http, "nmk_invented", TODAY).load()

    assert {body["from"] for body in door.bodies("/act/v1/replay")} == {began.isoformat()}
    assert f"{began:%a %-d %b %Y}" in capsys.readouterr().out


def test_most_reports_are_read_once_after_they_were_told_and_before_today() -> None:
    """By a manager of theirs; the newest still wait, and a few are never read."""
    door = FrontDoor()
    Loader(door.http, "nmk_invented", TODAY).load()

    told = {report["external_reference"]["id"]: report for report in door.told}
    read = dict(door.read)
    assert len(read) == len(door.read)
    assert 0.8 * len(told) < len(read) < len(told)
    assert all(at > datetime.fromisoformat(told[report]["reported_at"]) for report, at in read.items())
    assert max(london_date(at) for at in read.values()) < TODAY


def test_what_was_closed_before_the_load_broke_off_is_passed_over() -> None:
    """Intake says 409 of a closed report; the load goes on."""
    door = FrontDoor()
    door.answer_to_readers = 409
    Loader(door.http, "nmk_invented", TODAY).load()

    assert len(dict(door.read)) == len(door.read) > 0
