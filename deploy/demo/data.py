"""Reads the demo's files and gives their weeks dates."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from shared.kernel.clock import LONDON, london_date, week_start

HERE = Path(__file__).parent
PROVIDER = "rowan-care"
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WEEKS = 26
"""Complete weeks; the 27th of the data is the one that the demo is started in."""
COPIED = (
    "site_id",
    "text",
    "place",
    "what_stopped_it",
    "worry",
    "reporter_role",
    "identity_mode",
    "anonymity_reason",
    "occurred_band",
    "asset_ref",
    "person",
    "outside_first",
    "language",
)


def first_monday(today: date) -> date:
    """Return the Monday of week 1: the demo's complete weeks end with the last one before today."""
    return week_start(today) - timedelta(weeks=WEEKS)


def day_of(monday: date, week: int, weekday: int) -> date:
    """Return a day of the data.

    Args:
        monday: Monday of week 1.
        week: 1 to 27.
        weekday: 0 is Monday.
    """
    return monday + timedelta(weeks=week - 1, days=weekday)


def moment(day: date, clock: str) -> datetime:
    """Return when something of the data happened.

    Args:
        day: The day.
        clock: HH:MM on a wall in England.
    """
    hour, minute = map(int, clock.split(":"))
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=LONDON).astimezone(UTC)


def submission(line: dict[str, Any], monday: date) -> dict[str, Any]:
    """Turn a line of the demo's data into what the import takes."""
    occurred = moment(day_of(monday, line["week"], line["weekday"]), line["time"])
    reported = occurred + timedelta(hours=line["told_after_hours"])
    made = {name: line[name] for name in COPIED if name in line}
    made |= {"occurred_at": occurred.isoformat(), "reported_at": reported.isoformat()}
    made["external_reference"] = {"system": "demo", "id": line["id"]}
    if told := line.get("disruption"):
        told = dict(told)
        told["started_at"] = occurred.isoformat()
        told["ended_at"] = (occurred + timedelta(hours=told.pop("hours"))).isoformat()
        made["disruption"] = told
    return made


def submissions(monday: date, today: date) -> list[dict[str, Any]]:
    """Return all reports that were told before today, in the order in which staff told them."""
    made = [submission(line, monday) for line in lines()]
    return sorted((one for one in made if told_on(one) < today), key=lambda one: str(one["reported_at"]))


def told_on(made: dict[str, Any]) -> date:
    """Return the day on which staff told a report."""
    return london_date(datetime.fromisoformat(made["reported_at"]))


@cache
def lines() -> tuple[dict[str, Any], ...]:
    """Return the lines of reports.ndjson."""
    return tuple(json.loads(line) for line in (HERE / "reports.ndjson").read_text().splitlines())


def exposure_csv(monday: date) -> str:
    """Return the exposure of all sites with the weeks as dates."""
    out = io.StringIO()
    writer = csv.DictWriter(out, ["site_id", "period_start", "period_end", "unit", "value", "basis"])
    writer.writeheader()
    with (HERE / "exposure.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            start = day_of(monday, int(row.pop("week")), 0)
            writer.writerow(row | {"period_start": start, "period_end": start + timedelta(days=6)})
    return out.getvalue()


def assets_csv(monday: date) -> str:
    """Return the assets with the weeks of their inspections as dates."""
    out = io.StringIO()
    with (HERE / "assets.csv").open(newline="") as file:
        rows = csv.DictReader(file)
        writer = csv.DictWriter(out, rows.fieldnames or ())
        writer.writeheader()
        for row in rows:
            told = (inspection.split(":") for inspection in row["inspections"].split(";"))
            dated = [f"{kind}:{day_of(monday, int(last), 0)}:{day_of(monday, int(due), 0)}" for kind, last, due in told]
            writer.writerow(row | {"inspections": ";".join(dated)})
    return out.getvalue()


def acts(monday: date, today: date) -> dict[date, list[dict[str, Any]]]:
    """Return what people did before today, by day and in order of time, each with its moment, site and role.

    Args:
        monday: Monday of week 1.
        today: The present day in England.
    """
    found: dict[date, list[dict[str, Any]]] = {}
    for story in yaml.safe_load((HERE / "acts.yaml").read_text()):
        for act in (each for said in story["acts"] for each in _each(said)):
            week, weekday, clock = act["at"].split()
            day = day_of(monday, int(week), day_word(weekday))
            if day < today:
                told = {"by": "manager", **act, "site": story["site"], "at": moment(day, clock)}
                found.setdefault(day, []).append(told)
    return {day: sorted(found[day], key=lambda act: act["at"]) for day in sorted(found)}


def _each(said: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield an act, or one for each round of a routine that somebody did."""
    if said["do"] != "rounds":
        yield said
        return
    week, rest = said["at"].split(" ", 1)
    for number, found in enumerate(said["found"]):
        if found is not None:
            yield {**said, "do": "round", "at": f"{int(week) + number * said['every']} {rest}", "found": found}


def day_word(weekday: str) -> int:
    """Return the number of a weekday, 0 for Mon."""
    return WEEKDAYS.index(weekday)
