"""Loads the invented provider group through the front door, as history: told, reviewed and acted on day by day.

`python -m deploy.demo.load` is a step of the demo; what is there already is left alone, and what broke off goes on.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
from pydantic_settings import BaseSettings, SettingsConfigDict

from deploy.demo import data
from deploy.demo.data import HERE, PROVIDER, WEEKS
from deploy.demo.people import People
from deploy.demo.readers import Readers
from shared.kernel.clock import SystemClock, london_date

VIEWS_WITHIN_S = 90.0
VIEWS_POLL_S = 0.1
REPORTED_EVERY_WEEKS = 4
RESULT = "demo.json"
LOADED = "loaded_to"
SIGN_IN_HOURS = 24 * 30
DAY = timedelta(days=1)


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


class Loader:
    """The demo's calls, in order.

    Args:
        http: Calls the front door.
        key: The operator's API key.
        today: The present day in England.
    """

    def __init__(self, http: httpx.Client, key: str, today: date) -> None:
        self._http = http
        self._key = key
        self._today = today
        self._tokens: dict[tuple[str, str | None], str] = {}
        self._operator = ""

    def call(self, method: str, path: str, bearer: str | None = None, **options: Any) -> Any:
        """Call a service; an answer of the status `settled` is as good: what was wanted is there already.

        Raises:
            SystemExit: it refused; the message is its own.
        """
        headers = {"Authorization": f"Bearer {bearer or self._key}", **options.pop("headers", {})}
        settled = options.pop("settled", None)
        answer = self._http.request(method, path, headers=headers, **options)
        if answer.status_code == settled:
            return None
        if answer.is_error:
            sys.exit(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
        return answer.json() if "json" in answer.headers.get("content-type", "") else None

    def load(self) -> None:
        """Bring in what is missing, day by day, and let the invented people act on it."""
        self._operator = self._token_of(self._key)
        monday = self._known_monday() or data.first_monday(self._today)
        self._registers(monday)
        reports = data.submissions(monday, self._today)
        days = data.acts(monday, self._today)
        people = People(self, self._token, monday, say)
        readers = Readers(self, self._token)
        sent = signals = 0
        shown = monday
        for day in [*days, self._today]:
            sent = self._send(reports, sent, day)
            if day > monday:
                # Until the last day more is to come: live reviews and routines wait.
                readers.read_before(day)
                signals += self._review(monday, day - DAY, more=day < self._today)
            for act in days.get(day, ()):
                people.act(act)
            if (day - shown).days >= 7 * REPORTED_EVERY_WEEKS or day == self._today:
                weeks, shown = (day - monday).days // 7, day
                say(f"week {weeks} of {WEEKS}: {sent} reports, {signals} signals raised, people have acted on them")

    def _known_monday(self) -> date | None:
        """Return the Monday of week 1 where a load has begun before, maybe on another day."""
        asked: dict[str, str | int] = {"provider": PROVIDER, "domain": "(all)", "limit": 1}
        headers = {"Authorization": f"Bearer {self._operator}"}
        answer = self._http.get("/v1/views/site-domain-week", params=asked, headers=headers)
        rows = answer.json()["rows"] if answer.is_success else []
        return date.fromisoformat(rows[0]["week_start"]) if rows else None

    def _registers(self, monday: date) -> None:
        for kind in ("providers", "sites"):
            self._table(f"registry:import?kind={kind}", (HERE / f"{kind}.csv").read_text())
        of_provider = f"provider_id={PROVIDER}"
        self._table("assets:import", data.assets_csv(monday))
        people = (HERE / "people.csv").read_text()
        shown = self._table(f"people:plan?{of_provider}", people)
        self._table(f"people:apply?{of_provider}&plan_id={shown['plan_id']}", people)
        self._table(f"roles:import?{of_provider}", (HERE / "roles.csv").read_text())
        self._table(f"exposure?{of_provider}", data.exposure_csv(monday))
        say(f"registry: 1 provider, 12 sites, their assets and people; {WEEKS} weeks from {monday:%a %-d %b %Y}")

    def _table(self, path: str, text: str) -> Any:
        answer = self.call("POST", f"/in/v1/{path}", content=text, headers={"Content-Type": "text/csv"})
        if answer.get("errors"):
            sys.exit(f"demo data was refused: {path} {answer['errors'][:5]}")
        return answer

    def _send(self, reports: list[dict[str, Any]], sent: int, day: date) -> int:
        """Send what staff told up to a day, wait until the views hold it, and return how many they are by now."""
        told = sum(data.told_on(report) <= day for report in reports)
        if told > sent:
            answer = self.call(
                "POST",
                f"/in/v1/reports:import?replay=true&provider_id={PROVIDER}",
                content="\n".join(json.dumps(report) for report in reports[sent:told]),
                headers={"Content-Type": "application/x-ndjson"},
            )
            if answer["refused"]:
                sys.exit(f"demo data was refused: {answer['errors'][:5]}")
            self._await_views(told)
        return told

    def _await_views(self, expected: int) -> None:
        end = time.monotonic() + VIEWS_WITHIN_S
        while (seen := self._in_views()) < expected:
            if time.monotonic() > end:
                sys.exit(f"only {seen} of {expected} reports reached the views within {VIEWS_WITHIN_S:.0f} s")
            time.sleep(VIEWS_POLL_S)

    def _in_views(self) -> int:
        """Return how many reports the views hold; none before the provider is known there."""
        headers = {"Authorization": f"Bearer {self._operator}"}
        answer = self._http.get(f"/v1/providers/{PROVIDER}/totals", headers=headers)
        return int(answer.json()["totals"]["reports"]) if answer.is_success else 0

    def _review(self, first: date, last: date, *, more: bool) -> int:
        asked = {"provider_id": PROVIDER, "from": first.isoformat(), "to": last.isoformat(), "more": more}
        return int(self.call("POST", "/act/v1/replay", bearer=self._operator, json=asked)["signals_raised"])

    def _token_of(self, key: str) -> str:
        """Exchange an API key for a token that all services take."""
        return str(self.call("POST", "/in/v1/tokens", bearer=key)["token"])

    def _token(self, role: str, site: str | None) -> str:
        """Return the token of an invented person: each has a key of their own."""
        if (role, site) not in self._tokens:
            reach = {} if site is None else {"sites": [site]}
            wanted = {"provider_id": PROVIDER, "roles": [role], "label": f"invented {role}", **reach}
            self._tokens[role, site] = self._token_of(self.call("POST", "/in/v1/keys", json=wanted)["key"])
        return self._tokens[role, site]

    def doors(self, kept: dict[str, str]) -> dict[str, str]:
        """Make, or keep, the demo's API key and the link to the page.

        Args:
            kept: What was made before.
        """
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
    today = london_date(SystemClock().now())
    kept: dict[str, str] = json.loads(result.read_text()) if result.exists() else {}
    loader = Loader(httpx.Client(base_url=settings.front_url, timeout=120.0), settings.bootstrap_key, today)
    if LOADED in kept:
        say(f"demo data: there already, up to {kept[LOADED]}")
    else:
        loader.load()
    kept = {**loader.doors(kept), LOADED: kept.get(LOADED, (today - DAY).isoformat())}
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(json.dumps(kept, indent=2))
    result.chmod(0o600)


if __name__ == "__main__":
    main()
