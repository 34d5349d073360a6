"""How a pack reads, whatever it is written on: the same words in HTML, PDF and Word."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from services.reporting.domain.disclosure import WITHHELD
from shared.kernel.clock import LONDON

WITHHELD_WORDS = "not shown (small number)"
UNKNOWN_WORDS = "not known"
LEGEND = "In the pictures, dark is near misses and light is all other reports; a bar across is a 95 % interval."
AUDIENCE_WORDS = {"cqc": "the Care Quality Commission", "commissioner": "the commissioner", "board": "the board"}


def day_words(day: date) -> str:
    """Write a day as Mon 3 Nov 2025."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def value_words(value: float | str | None) -> str:
    """Write a figure's value."""
    if value is None:
        return UNKNOWN_WORDS
    return WITHHELD_WORDS if value == WITHHELD else f"{value:,}" if isinstance(value, int | float) else value


def figure_words(figure: Mapping[str, Any]) -> tuple[str, str, str]:
    """Write a figure as three cells: what it is, its value, and what it was counted from."""
    source = f"{figure['view']}, rules {figure['rule_version']}, policy {figure['policy_version']}"
    return figure["label"], value_words(figure["value"]), source


def remedy_words(remedy: Mapping[str, Any]) -> str:
    """Write an action and what came of it in one line."""
    verdict = (remedy["verdict"] or "not judged yet").replace("_", " ").lower()
    took = f" in {remedy['days_to_act']} days" if remedy["days_to_act"] is not None else ""
    where = f" at {remedy['sites']} sites" if remedy["sites"] > 1 else ""
    said = f" {remedy['sentence']}" if remedy["sentence"] else ""
    done = day_words(date.fromisoformat(remedy["done_on"]))
    return f"{remedy['title']} ({remedy['strength']}){where}: done {done}{took}; verdict: {verdict}.{said}"


def head_lines(body: Mapping[str, Any]) -> list[str]:
    """Write what stands at the top: for whom, over which weeks, by whom, as of when."""
    first = date.fromisoformat(body["span"]["first"])
    last = date.fromisoformat(body["span"]["last"]) + timedelta(days=6)
    issued = datetime.fromisoformat(body["issued_at"]).astimezone(LONDON)
    about = f", contract {body['contract']}" if body["contract"] else ""
    lines = [
        f"{body['provider_name']}{about}, for {AUDIENCE_WORDS.get(body['audience'], body['audience'])}",
        f"Weeks from {day_words(first)} to {day_words(last)}; {_sites(len(body['sites']))}",
        f"Signed off by {body['signed_by']} ({body['signed_role']}), {day_words(issued.date())} {issued:%H:%M}",
    ]
    if body["widened"]:
        lines.append("The weeks were made more than asked for, so that numbers may be shown.")
    return [*lines, "All data in this pack are invented."] if body["synthetic"] else lines


def _late_words(late: int | str) -> str:
    if not isinstance(late, int):
        return f"reports of its weeks that came later: {value_words(late)}"
    return {0: "no report of its weeks came later", 1: "1 report of its weeks came later"}.get(
        late, f"{late:,} reports of its weeks came later"
    )


def _sites(number: int) -> str:
    return "1 site" if number == 1 else f"{number} sites"


def since_lines(body: Mapping[str, Any]) -> list[str]:
    """Write what has changed since the pack before."""
    since = body["since"]
    if since is None:
        return ["This is the first pack of its kind."]
    issued = datetime.fromisoformat(since["issued_at"]).astimezone(LONDON).date()
    lines = [
        f"Since the pack of {day_words(issued)}: {_late_words(since['late'])}.",
    ]
    for change in since["changes"]:
        told = change["then"] is not None or change["now"] is not None
        numbers = (
            f": was {value_words(change['then'])}, now {value_words(change['now'])}" if told else " reads otherwise"
        )
        lines.append(f"{change['label']}{numbers} (late, withdrawn as duplicate, or coded anew).")
    return lines if since["changes"] else [*lines, "Its figures read the same now."]
