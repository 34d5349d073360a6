"""The pictures of a pack, drawn from nothing but what was frozen in it: the same in HTML, PDF and Word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.reporting.domain.disclosure import WITHHELD
from shared.web.bars import Bar, bars
from shared.web.charts import Specification
from shared.web.plots import Column, Shape, stacked_columns
from shared.web.timeline import interval
from shared.web.words import count_words, day_words

BARS_PX = 380
COLUMNS, INTERVAL = Shape(380, 120), Shape(480, 40)
ALL_HEADINGS = "all"
REPORTS, NEAR_MISSES = ".reports", ".near_misses"


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        place: Where it stands: all, the number of a section from 0, or that and the number of a remedy in it.
        specification: What is drawn.
        title: What it is of.
        description: What it shows, for those who do not see it.
    """

    place: str
    specification: Specification
    title: str
    description: str


def pictures_of(body: Mapping[str, Any]) -> Iterator[Picture]:
    """Yield the pictures of a pack in the order in which they stand in it.

    Args:
        body: The pack as it was frozen; packs of the first form hold neither weeks nor rate ratios.
    """
    rows = [bar for section in body["sections"] if (bar := _bar(section)) is not None]
    if rows:
        told = "; ".join(f"{bar.label}: {bar.words}" for bar in rows)
        yield Picture(ALL_HEADINGS, bars(rows, BARS_PX), "Reports by heading; one report may stand under several", told)
    for number, section in enumerate(body["sections"]):
        weeks = section.get("weeks", ())
        if any(week["near_misses"] + week["others"] for week in weeks):
            yield _columns(str(number), section["heading"], weeks)
        for place, remedy in enumerate(section["remedies"]):
            if remedy.get("rate_ratio") is not None:
                yield _interval(f"{number}-{place}", remedy)


def _bar(section: Mapping[str, Any]) -> Bar | None:
    """Return the bar of a section that counts reports under its heading; None for any other."""
    values = {figure["key"]: figure["value"] for figure in section["figures"]}
    reports = values.get(section["heading"] + REPORTS)
    if reports is None:
        return None
    if reports == WITHHELD:
        return Bar(section["heading"], None, "number too small to show")
    near = values.get(section["heading"] + NEAR_MISSES)
    words = count_words(reports, "report")
    if not isinstance(near, int):
        return Bar(section["heading"], (0, reports), f"{words}, parts not shown")
    return Bar(section["heading"], (near, max(0, reports - near)), words)


def _columns(place: str, heading: str, weeks: list[Mapping[str, Any]]) -> Picture:
    columns = [Column(date.fromisoformat(week["start"]), (week["near_misses"], week["others"])) for week in weeks]
    sums = [sum(column.parts) for column in columns]
    description = (
        f"{count_words(len(columns), 'week')} from {day_words(columns[0].day)} to the one from "
        f"{day_words(columns[-1].day)}: lowest {min(sums)}, highest {max(sums)}, {sum(sums)} in all."
    )
    return Picture(place, stacked_columns(columns, COLUMNS), f"{heading}, reports each week", description)


def _interval(place: str, remedy: Mapping[str, Any]) -> Picture:
    ratio, low, high = remedy["rate_ratio"], remedy["ci_low"], remedy["ci_high"]
    ends = f"95 % interval {low:.2f} to {'no end' if high is None else f'{high:.2f}'}" if low is not None else ""
    drawn = interval(ratio, low, high, INTERVAL)
    return Picture(place, drawn, f"{remedy['title']}: rate after against before", f"{ratio:.2f}. {ends}".strip())
