"""Takes a provider's day through the engine: what was known before is taken back in, what is new is looked at.

What was said stays said: signals and evaluations are taken back in as they were left, so that a correction, a
withdrawal or a late report moves the counts from now on and never what was said of a day that is over.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.actions.domain.detection.engine import Engine
from services.actions.domain.detection.facts import DAYS_KEPT, ReportFact, monday_of, week_of
from services.actions.domain.detection.log_lines import LogReading
from services.actions.domain.detection.remedies import Remedy, VerdictLine
from services.actions.domain.detection.series import SeriesBook
from services.actions.domain.detection.signals import SignalLine
from services.actions.domain.effectiveness import Assessment
from services.actions.domain.evaluations import Evaluation, again_on, assessed, evaluation_id
from services.actions.domain.facts import Fact
from services.actions.domain.management_log import LogEntry
from services.actions.domain.programmes import SiteTrial
from services.actions.domain.signals import Event, Signal
from services.actions.domain.watch.known import DAYS_BACK, LATE_DAYS, Kept, Known, report_fact
from services.actions.domain.watch.telling import fixed, signals_of, verdict_of
from shared.taxonomy.detection_data import DetectionData

__all__ = ["Found", "Judged", "run_day"]

SUNDAY = 6


@dataclass(frozen=True, slots=True)
class Judged:
    """A report that a review looked at as new; `repeats` is the first report of the same event."""

    site_id: str
    report_id: str
    repeats: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a review found.

    Attributes:
        signals: In order, what people are told, each with version 1.
        evaluations: The new states; those without an event only moved inside.
        kept: The engine's signals that changed.
        judged: The reports that were looked at as new.
        noted: The lines of the log that were taken in.
        trials: By evaluation, what this review counted.
    """

    signals: Sequence[tuple[Event, Signal]]
    evaluations: Sequence[tuple[str | None, Evaluation]]
    kept: Sequence[Kept]
    judged: Sequence[Judged]
    noted: Sequence[str]
    trials: Mapping[str, SiteTrial] = field(default_factory=dict)


def run_day(known: Known, data: DetectionData, book: SeriesBook) -> Found:
    """Review a day.

    Args:
        known: What is known as of its end.
        data: Words and numbers.
        book: The series.

    Returns:
        What is new.
    """
    return _Day(known, data, book).run()


class _Day:
    """One review of one provider."""

    def __init__(self, known: Known, data: DetectionData, book: SeriesBook) -> None:
        self.known, self.book = known, book
        self.today = known.day.toordinal()
        self.engine = Engine(data, book, known.cards, self.today - DAYS_BACK)
        self.world = self.engine.world
        self.entries = {entry.line_id: entry for entry in known.log}
        self.followed = {evaluation.line_id: evaluation for evaluation in known.evaluations}
        self.before = {kept.signal.signal_id: copy.deepcopy(kept.signal) for kept in known.kept}

    def run(self) -> Found:
        fresh, judged = self._recall_facts()
        self._recall_rest()
        noted = self._note()
        for fact in fresh:
            self.engine.observe(fact, self.today)
        if self.known.day.weekday() == SUNDAY:
            for row in self.known.exposure:
                if monday_of(row.week) + 6 == self.today:
                    self.engine.expose(row)
            self.engine.review(self.today + 1)
            self._let_go()
        judged += [Judged(fact.site, fact.report_id, fact.repeats) for fact in fresh]
        lines = self.engine.lines
        told = [told for line in lines if isinstance(line, SignalLine) for told in self._told(line)]
        return Found(told, self._evaluations(), self._kept(), judged, noted, self._trials())

    def _recall_facts(self) -> tuple[list[ReportFact], list[Judged]]:
        """Take back in what was looked at before, and return what is new."""
        told = [
            (fact.judged_on, made)
            for fact in sorted(self.known.facts, key=_told_at)
            if (made := report_fact(fact, self.book, self.known.lifted)) is not None
        ]
        heads = {made.report_id for _, made in told}
        fresh: list[ReportFact] = []
        promoted: dict[str, str] = {}
        mended: list[Judged] = []
        for judged_on, made in told:
            if judged_on is None and made.day > self.today - LATE_DAYS:
                fresh.append(made)
                continue
            if made.repeats is not None and made.repeats not in heads:
                # The first report of the event is gone: the next one stands for it.
                first = promoted.setdefault(made.repeats, made.report_id)
                made.repeats = first if first != made.report_id else None
                mended.append(Judged(made.site, made.report_id, made.repeats))
            self.engine.recall(made)
        for state in self.world.states.values():
            state.forget_before(monday_of(week_of(self.today)))
            start = self.known.starts.get(state.card.site)
            if start is not None and start <= self.known.day:
                week = week_of(start.toordinal())
                self.world.panel.starts[state.number] = min(self.world.panel.starts[state.number], week)
        return fresh, mended

    def _recall_rest(self) -> None:
        for row in self.known.exposure:
            if monday_of(row.week) + 6 < self.today:
                self.engine.expose(row)
        for kept in sorted(self.known.kept, key=lambda kept: (kept.signal.closed_on or 0, kept.order)):
            here = all(site in self.world.states for site in kept.signal.sites)
            # A season whose theme is no longer in the data cannot be followed.
            if here and (kept.signal.site is not None or kept.signal.series in self.book.number):
                self.world.recall(kept.signal)
        for entry in self._in_order(entry for entry in self.known.log if entry.noted_on is not None):
            self.engine.recall_line(entry.line, self._reading(entry))
        for evaluation in sorted(self.known.evaluations, key=lambda e: (e.started_on, e.line_id)):
            line = self.entries.get(evaluation.line_id)
            # Where facts of the baseline are no longer kept, the verdict that was given last stays.
            if line is not None and evaluation.baseline_from.toordinal() >= self.today - DAYS_KEPT:
                self.engine.recall_remedy(self._remedy(evaluation, line))

    def _note(self) -> list[str]:
        new = self._in_order(entry for entry in self.known.log if entry.noted_on is None)
        for entry in new:
            self.engine.note(entry.line, self._reading(entry), begins=entry.begins)
        return [entry.line_id for entry in new]

    def _let_go(self) -> None:
        """Say again what rests on reports that were withdrawn, or are held by now."""
        counted = {fact.report_id for state in self.world.states.values() for fact in state.facts}
        said = {line.signal.signal_id for line in self.engine.lines if isinstance(line, SignalLine)}
        for finding in [*(s for state in self.world.states.values() for s in state.open.values()), *self.world.shared]:
            figures = finding.figures
            if finding.closed_on is not None or finding.signal_id in said:
                continue
            if finding.began <= self.today - DAYS_KEPT or set(figures.report_ids) <= counted:
                continue
            left = tuple(report_id for report_id in figures.report_ids if report_id in counted)
            self.world.say(finding, replace(figures, report_ids=left), "updated", self.today + 1)
        self.engine.lines.extend(self.world.lines)
        self.world.lines.clear()

    def _told(self, line: SignalLine) -> list[tuple[Event, Signal]]:
        return signals_of(self.known.provider_id, line, self.world)

    def _evaluations(self) -> list[tuple[str | None, Evaluation]]:
        verdicts = {line.remedy.line.ref: line for line in self.engine.lines if isinstance(line, VerdictLine)}
        found: list[tuple[str | None, Evaluation]] = []
        for remedy in self.engine.remedies:
            entry = self.entries[remedy.line.ref]
            state = self.followed.get(entry.line_id)
            if state is None:
                state = fixed(remedy, entry, self.world)
                found.append(("EvaluationFixed", state))
            moved = replace(state, was_effective=remedy.was_effective, was_shown=remedy.was_shown)
            if (line := verdicts.get(entry.line_id)) is not None:
                moved = assessed(moved, verdict_of(line))
                found.append(("EffectivenessAssessed", moved))
            elif moved != state:
                found.append((None, moved))
        return found

    def _trials(self) -> dict[str, SiteTrial]:
        """Return what was counted for each remedy that this review looked at."""
        return {
            evaluation_id(self.known.provider_id, self.entries[remedy.line.ref].line_id): SiteTrial(
                remedy.latest[0], remedy.latest[1], remedy.baseline, remedy.latest[2]
            )
            for remedy in self.engine.remedies
            if remedy.latest is not None
        }

    def _kept(self) -> list[Kept]:
        orders = {kept.signal.signal_id: kept.order for kept in self.known.kept}
        following = max(orders.values(), default=0) + 1
        for line in self.engine.lines:
            if isinstance(line, SignalLine) and line.signal.signal_id not in orders:
                orders[line.signal.signal_id] = following
                following += 1
        now = [s for state in self.world.states.values() for s in (*state.open.values(), *state.past)]
        now += self.world.shared
        return [Kept(orders[s.signal_id], s) for s in now if self.before.get(s.signal_id) != s]

    def _remedy(self, evaluation: Evaluation, entry: LogEntry) -> Remedy:
        baseline = (evaluation.baseline_from.toordinal(), evaluation.baseline_to.toordinal())
        again = again_on(evaluation)
        return Remedy(
            entry.line, self._reading(entry), evaluation.series, baseline, evaluation.baseline_is_a_rise,
            _last(evaluation), evaluation.was_effective, evaluation.was_shown,
            again_on=None if again is None else again.toordinal(),
        )  # fmt: skip

    def _reading(self, entry: LogEntry) -> LogReading:
        return entry.reading or self.book.reading(entry.text)

    @staticmethod
    def _in_order(entries: Iterable[LogEntry]) -> list[LogEntry]:
        return sorted(entries, key=lambda entry: (entry.on, entry.site_id, entry.text))


def _told_at(fact: Fact) -> tuple[object, str]:
    assert fact.report is not None
    return fact.report.reported_at, fact.report_id


def _last(evaluation: Evaluation) -> Assessment | None:
    said = evaluation.verdict
    if said is None:
        return None
    return Assessment(
        said.verdict, evaluation.was_shown, said.rate_ratio, said.ci_low, said.ci_high, said.events_needed,
        said.weeks_more, said.harm_guard, said.reasons,
    )  # fmt: skip  # words of the closed lists, as they were stored
