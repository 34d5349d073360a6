"""A provider in memory that is reviewed day by day as the service does it, from the lines of a history."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from services.actions.domain.detection.facts import SiteCard, week_of
from services.actions.domain.detection.log_lines import asset_of
from services.actions.domain.detection.series import SeriesBook
from services.actions.domain.evaluations import Evaluation
from services.actions.domain.exposure import Exposure
from services.actions.domain.facts import Fact, ReportPart
from services.actions.domain.management_log import free_line
from services.actions.domain.signals import Event, Signal, moved
from services.actions.domain.watch.day import Found, run_day
from services.actions.domain.watch.known import DAYS_BACK, LATE_DAYS, Kept, Known
from services.actions.domain.watch.weeks import exposure_weeks
from shared.matching.same_event import marks_of
from shared.taxonomy.detection_data import DetectionData
from shared.taxonomy.precedence import Fact as Said

LABELS = (
    "domains", "primary_domain", "contributory_factors", "potential_severity", "is_near_miss",
)  # fmt: skip
SUNDAY = 6


def fact_of_line(line: dict[str, Any]) -> Fact:
    """Make the fact that the service would have of a report's line, told at noon."""
    told = datetime.combine(date.fromisoformat(line["reported"]), time(12), UTC)
    part = ReportPart(
        revision=1,
        withdrawn=False,
        reported_at=told,
        origin="live",
        replay=True,
        visibility=line.get("visibility", "site"),
        person_token=line.get("person"),
        occurred_at=datetime.combine(date.fromisoformat(line["occurred"]), time(12), UTC),
        occurred_precision="day",
        asset=asset_of(line.get("asset"), line["text"]),
        marks=tuple(marks_of(line["text"])) if line["text"] else (),
    )
    fields = {name: line["labels"][name] for name in LABELS}
    code = line["labels"]["escalate"]
    fields["escalate"] = [code] if code else []
    fields["event_class"] = line["labels"].get("event_class")
    fact = Fact("p", line["site"], line["report_id"]).with_report(part)
    return fact.with_labels(Said("model", 1, 0, fields, "m1"))


class Watched:
    """The provider.

    Args:
        lines: Of a history, as the backtest reads it.
        data: Words and numbers.
        book: The series.
    """

    def __init__(self, lines: Iterable[dict[str, Any]], data: DetectionData, book: SeriesBook) -> None:
        self.data, self.book = data, book
        by_kind: dict[str, list[dict[str, Any]]] = {"site": [], "report": [], "exposure": [], "log": []}
        for line in lines:
            by_kind[line["kind"]].append(line)
        self.cards = [SiteCard(s["site"], s["name"], s["setting"], s["size"]) for s in by_kind["site"]]
        self.facts = {line["report_id"]: fact_of_line(line) for line in by_kind["report"]}
        self.periods = [_period(line) for line in by_kind["exposure"] if line["exposure"] is not None]
        entries = [
            free_line("p", line["site"], date.fromisoformat(line["date"]), line["text"], ("manager", "m"), NOW)
            for line in by_kind["log"]
        ]
        self.log = {entry.line_id: entry for entry in entries}
        self.kept: dict[str, Kept] = {}
        self.evaluations: dict[str, Evaluation] = {}
        self.signals: dict[str, Signal] = {}
        self.told: list[tuple[Event, Signal]] = []
        self.verdicts: list[Evaluation] = []

    def known(self, day: date) -> Known | None:
        """Return what the service would read for a day; None where it has nothing to do."""
        sites = {card.site for card in self.cards}
        until = [fact for fact in self.facts.values() if fact.counts and _day(fact) <= day]
        log = [entry for entry in self.log.values() if entry.on <= day]
        if day.weekday() != SUNDAY:
            late = day - timedelta(days=LATE_DAYS)
            fresh = {fact.site_id for fact in until if fact.judged_on is None and _day(fact) > late}
            sites = fresh | {entry.site_id for entry in log if entry.noted_on is None}
        if not sites:
            return None
        oldest = day - timedelta(days=DAYS_BACK)
        began = min((_day(fact) for fact in until), default=None)
        return Known(
            provider_id="p",
            day=day,
            cards=[card for card in self.cards if card.site in sites],
            starts={},
            facts=[fact for fact in until if fact.site_id in sites and _day(fact) >= oldest],
            lifted={},
            exposure=exposure_weeks([p for p in self.periods if p.site_id in sites], began, day),
            log=[entry for entry in log if entry.site_id in sites],
            kept=copy.deepcopy(list(self.kept.values())),
            evaluations=[state for state in self.evaluations.values() if state.site_id in sites],
        )

    def review(self, day: date) -> Found | None:
        """Review a day and keep what it leaves behind."""
        known = self.known(day)
        if known is None:
            return None
        found = run_day(known, self.data, self.book)
        self.kept |= {kept.signal.signal_id: copy.deepcopy(kept) for kept in found.kept}
        for judged in found.judged:
            fact = self.facts[judged.report_id]
            self.facts[judged.report_id] = replace(fact, judged_on=day, repeats=judged.repeats)
        for line_id in found.noted:
            self.log[line_id] = replace(self.log[line_id], noted_on=day)
        for word, signal in found.signals:
            change = moved(self.signals.get(signal.signal_id), signal, word)
            if change is not None:
                self.signals[signal.signal_id] = change[1]
                self.told.append(change)
        for event, state in found.evaluations:
            self.evaluations[state.line_id] = state
            if event == "EffectivenessAssessed":
                self.verdicts.append(state)
        return found

    def review_all(self, first: date, last: date) -> None:
        """Review days in order."""
        for number in range((last - first).days + 1):
            self.review(first + timedelta(days=number))


NOW = datetime(2026, 11, 1, tzinfo=UTC)


def _day(fact: Fact) -> date:
    assert fact.report is not None
    return fact.report.reported_at.date()


def _period(line: dict[str, Any]) -> Exposure:
    start = date.fromisoformat(line["week_start"])
    assert week_of(start.toordinal()) == week_of(start.toordinal() + 6)
    return Exposure("p", line["site"], line["exposure_unit"], start, start + timedelta(days=6), line["exposure"], 1)
