"""Loads the invented provider group through the front door, as history: replayed, then reviewed day by day.

`python -m deploy.demo.load` is a step of the demo; what is there already is left alone, and what broke off goes on.
"""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.kernel.clock import LONDON, SystemClock, london_date, week_start

HERE = Path(__file__).parent
PROVIDER = "rowan-care"
WEEKS = 8
VIEWS_WITHIN_S = 90.0
RESULT = "demo.json"
SIGN_IN_HOURS = 24 * 30


class DemoSettings(BaseSettings):
    """Where the demo runs: front door, the operator's key, and the folder that takes the result."""

    model_config = SettingsConfigDict(env_prefix="NEARMISS_", frozen=True, extra="ignore")

    front_url: str
    bootstrap_key: str
    local: Path = Path(".local")


def say(text: str) -> None:
    """Print a line of progress."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def first_monday(today: date) -> date:
    """Return the Monday of week 1: the demo's eight weeks end with the last complete week."""
    return week_start(today) - timedelta(weeks=WEEKS)


def moment(monday: date, week: int, weekday: int, clock: str) -> datetime:
    """Return when something of the data happened.

    Args:
        monday: Monday of week 1.
        week: 1 to 8.
        weekday: 0 is Monday.
        clock: HH:MM on a wall in England.
    """
    day = monday + timedelta(weeks=week - 1, days=weekday)
    hour, minute = map(int, clock.split(":"))
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=LONDON).astimezone(UTC)


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
)


def submission(line: dict[str, Any], monday: date) -> dict[str, Any]:
    """Turn a line of the demo's data into what the import takes."""
    occurred = moment(monday, line["week"], line["weekday"], line["time"])
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


def submissions(monday: date) -> list[dict[str, Any]]:
    """Return all reports in the order in which staff told them."""
    lines = [json.loads(line) for line in (HERE / "reports.ndjson").read_text().splitlines()]
    return sorted((submission(line, monday) for line in lines), key=lambda made: str(made["reported_at"]))


def exposure_csv(monday: date) -> str:
    """Return the exposure of all sites with the weeks as dates."""
    out = io.StringIO()
    writer = csv.DictWriter(out, ["site_id", "period_start", "period_end", "unit", "value", "basis"])
    writer.writeheader()
    with (HERE / "exposure.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            start = monday + timedelta(weeks=int(row.pop("week")) - 1)
            writer.writerow(row | {"period_start": start, "period_end": start + timedelta(days=6)})
    return out.getvalue()


class Loader:
    """The demo's calls, in order.

    Args:
        http: Calls the front door.
        key: The operator's API key.
    """

    def __init__(self, http: httpx.Client, key: str) -> None:
        self._http = http
        self._key = key

    def call(self, method: str, path: str, bearer: str | None = None, **options: Any) -> Any:
        """Call a service.

        Raises:
            SystemExit: it refused; the message is its own.
        """
        headers = {"Authorization": f"Bearer {bearer or self._key}", **options.pop("headers", {})}
        answer = self._http.request(method, path, headers=headers, **options)
        if answer.is_error:
            sys.exit(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
        return answer.json() if answer.content else None

    def token(self, key: str | None = None) -> str:
        """Exchange an API key for a token that all services take."""
        return str(self.call("POST", "/in/v1/tokens", bearer=key)["token"])

    def totals(self, token: str) -> dict[str, Any]:
        """Return what the views hold of the demo's provider; nothing before it is known there."""
        answer = self._http.get(f"/v1/providers/{PROVIDER}/totals", headers={"Authorization": f"Bearer {token}"})
        return dict(answer.json()["totals"]) if answer.is_success else {}

    def load(self) -> None:
        """Bring in what is missing, and review the demo's days; a day that a replay has gone through is left alone."""
        known = self.totals(self.token()).get("reports", 0)
        if known >= len((HERE / "reports.ndjson").read_text().splitlines()):
            say(f"demo data: {known} reports are there already")
        else:
            self._bring_in()
        self._review()

    def _bring_in(self) -> None:
        """Send the data and wait until the views hold all of it."""
        monday = first_monday(london_date(SystemClock().now()))
        for kind, name in (("providers", "providers.csv"), ("sites", "sites.csv")):
            body = (HERE / name).read_text()
            csv_type = {"Content-Type": "text/csv"}
            self.call("POST", f"/in/v1/registry:import?kind={kind}", content=body, headers=csv_type)
        say("registry: 1 provider, 12 sites")
        query = f"provider_id={PROVIDER}"
        self.call(
            "POST", f"/in/v1/exposure?{query}", content=exposure_csv(monday), headers={"Content-Type": "text/csv"}
        )
        reports = submissions(monday)
        lines = "\n".join(json.dumps(report) for report in reports)
        answer = self.call(
            "POST",
            f"/in/v1/reports:import?replay=true&{query}",
            content=lines,
            headers={"Content-Type": "application/x-ndjson"},
        )
        if answer["refused"]:
            sys.exit(f"demo data was refused: {answer['errors'][:5]}")
        say(f"reports: {answer['accepted']} accepted, {answer['repeated']} were there")
        self._await_views(len(reports))

    def _review(self) -> None:
        """Review the eight weeks from the first one in the views, which is that of the day the data was loaded."""
        token = self.token()
        first = {"provider": PROVIDER, "domain": "(all)", "limit": 1}
        rows = self.call("GET", "/v1/views/site-domain-week", bearer=token, params=first)["rows"]
        monday = date.fromisoformat(rows[0]["week_start"])
        until = monday + timedelta(weeks=WEEKS, days=-1)
        asked = {"provider_id": PROVIDER, "from": monday.isoformat(), "to": until.isoformat()}
        reviewed = self.call("POST", "/act/v1/replay", bearer=token, json=asked)
        say(f"reviews: {reviewed['days']} days, {reviewed['signals_raised']} signals raised")

    def _await_views(self, expected: int) -> None:
        end = time.monotonic() + VIEWS_WITHIN_S
        token = self.token()
        while (seen := int(self.totals(token).get("reports", 0))) < expected:
            if time.monotonic() > end:
                sys.exit(f"only {seen} of {expected} reports reached the views within {VIEWS_WITHIN_S:.0f} s")
            time.sleep(0.5)
        say(f"views: all {expected} reports are in")

    def doors(self, result: Path) -> dict[str, str]:
        """Make, or keep, the demo's API key and the link to the page."""
        kept: dict[str, str] = json.loads(result.read_text()) if result.exists() else {}
        if not self._still_good(kept.get("api_key")):
            roles = ["feed", "governance", "safeguarding", "analyst"]
            wanted = {"provider_id": PROVIDER, "roles": roles, "label": "demo"}
            kept["api_key"] = self.call("POST", "/in/v1/keys", json=wanted)["key"]
        link = {
            "provider_id": PROVIDER,
            "roles": ["governance", "safeguarding"],
            "expires_in_hours": SIGN_IN_HOURS,
            "next": f"/providers/{PROVIDER}",
        }
        kept["page_path"] = self.call("POST", "/in/v1/sign-in-links", json=link)["path"]
        return kept

    def _still_good(self, key: str | None) -> bool:
        if key is None:
            return False
        answer = self._http.post("/in/v1/tokens", headers={"Authorization": f"Bearer {key}"})
        return answer.is_success


def main() -> None:
    """Load what is missing and write where to look."""
    settings = DemoSettings()
    result = settings.local / RESULT
    loader = Loader(httpx.Client(base_url=settings.front_url, timeout=60.0), settings.bootstrap_key)
    loader.load()
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(json.dumps(loader.doors(result), indent=2))
    result.chmod(0o600)


if __name__ == "__main__":
    main()
