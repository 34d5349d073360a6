"""The engine of detection and verdicts: observe what is told, review each day; live and over history alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from services.actions.domain.detection.bunching import Cycles, review_bunches
from services.actions.domain.detection.change import review_changes
from services.actions.domain.detection.facts import (
    ExposureWeek,
    LogLine,
    ReportFact,
    SiteCard,
    day_of,
    monday_of,
    week_of,
)
from services.actions.domain.detection.follow import follow_shared, follow_site
from services.actions.domain.detection.log_lines import LogReading
from services.actions.domain.detection.look import take_look
from services.actions.domain.detection.panel import Floats
from services.actions.domain.detection.recurring import review_unanswered, see_asset, see_person
from services.actions.domain.detection.remedies import Remedy, begin_remedy, review_remedy
from services.actions.domain.detection.rising import review_rises
from services.actions.domain.detection.season import review_seasons
from services.actions.domain.detection.series import SeriesBook
from services.actions.domain.detection.silence import review_silence
from services.actions.domain.detection.site_state import SiteState
from services.actions.domain.detection.world import World
from shared.kernel.ids import derived_id
from shared.matching.same_event import Sameness, same_event
from shared.taxonomy.detection_data import DetectionData
from shared.taxonomy.detection_rules import DetectionRules

__all__ = ["Engine", "Line"]

COMPARED_DAYS = 14
BUNCHES_EVERY_WEEKS = 2


class Line(Protocol):
    """Something that was said as of a day."""

    @property
    def on(self) -> int:
        """Return the day as of which it is known."""
        ...

    def as_dict(self) -> dict[str, Any]:
        """Return the fields in their published order."""
        ...


@dataclass(frozen=True, slots=True)
class DuplicateLine:
    """Reports of one event, the whole group known so far."""

    on: int
    site: str
    report_ids: tuple[str, ...]
    sameness: Sameness

    def as_dict(self) -> dict[str, Any]:
        """Return the line's fields in their published order."""
        return {
            "kind": "duplicate",
            "on": day_of(self.on).isoformat(),
            "group_id": derived_id(f"duplicate|{self.site}|{self.report_ids[0]}"),
            "site": self.site,
            "report_ids": list(self.report_ids),
            "score": self.sameness.score,
            "reasons": list(self.sameness.reasons),
        }


class Engine:
    """Detection and verdicts for the sites of one provider.

    What is told must be given in order of the day on which staff told it; a day is reviewed before anything of it is
    given. Nothing that is later than a day changes what was said on it.

    Args:
        data: Words and numbers.
        book: The series; made once for all engines.
        sites: The sites.
        first_day: Nothing is older.
        single: Whether assets, persons, duplicates and remedies are followed; a look at chance alone leaves them out.
    """

    def __init__(
        self, data: DetectionData, book: SeriesBook, sites: Sequence[SiteCard], first_day: int, *, single: bool = True
    ) -> None:
        self.world = World(data, book, sites, first_day)
        self.lines: list[Line] = []
        self._single = single
        self._recent: dict[str, list[ReportFact]] = {}
        self._groups: dict[str, list[str]] = {}
        self._remedies: list[tuple[SiteState, Remedy]] = []
        self._levels: dict[str, Floats] = {}
        self._cycles: dict[str, Cycles] = {}

    def expose(self, row: ExposureWeek) -> None:
        """Take in the exposure of a week that has ended."""
        self.world.panel.expose(self.world.states[row.site].number, row)

    @property
    def remedies(self) -> Sequence[Remedy]:
        """Return the remedies that are followed."""
        return [remedy for _, remedy in self._remedies]

    def recall(self, fact: ReportFact) -> None:
        """Take back in a report that was looked at before; `repeats` says whether it counts."""
        state = self.world.states[fact.site]
        self.world.weekdays[(fact.day - 1) % 7] += 1
        self._recent_of(state, fact.day).append(fact)
        if fact.repeats is not None:
            self._groups.setdefault(fact.repeats, [fact.repeats]).append(fact.report_id)
        elif not fact.held:
            state.add(fact)
            self.world.panel.add(state.number, fact)

    def recall_line(self, line: LogLine, reading: LogReading) -> None:
        """Take back in a line of a management log that was noted before."""
        self.world.states[line.site].log.append((line, reading))

    def recall_remedy(self, remedy: Remedy) -> None:
        """Go on following a remedy."""
        self._remedies.append((self.world.states[remedy.line.site], remedy))

    def note(self, line: LogLine, reading: LogReading | None = None, *, begins: bool = True) -> None:
        """Take in a line of a management log on its day.

        Args:
            line: The line.
            reading: What it says; None reads its words.
            begins: Whether it can begin a remedy; one that only goes on cannot.
        """
        state = self.world.states[line.site]
        reading = reading or self.world.book.reading(line.text)
        state.log.append((line, reading))
        if self._single and begins and "remedy" in reading.kinds:
            remedy = begin_remedy(self.world, state, line, reading)
            if remedy is not None:
                self._remedies.append((state, remedy))

    def observe(self, fact: ReportFact, on: int | None = None) -> None:
        """Take in a report on the day on which it was told, or on the later one on which it became known.

        Args:
            fact: The report.
            on: The day on which it became known; None for the day on which it was told.
        """
        on = fact.day if on is None else on
        state = self.world.states[fact.site]
        self.world.weekdays[(fact.day - 1) % 7] += 1
        if self._single and self._is_repeat(state, fact):
            return
        if fact.held:
            return
        state.add(fact)
        self.world.panel.add(state.number, fact)
        if self._single and fact.asset:
            see_asset(self.world, state, fact.asset, on)
        if self._single and fact.person:
            see_person(self.world, state, fact, on)
        self._collect()

    def withdraw(self, site: str, fact: ReportFact) -> None:
        """Take a report back out of all counts, also where only weekly counts of its time are left.

        Args:
            site: Where it was told.
            fact: The report as it was counted; one that never counted changes nothing.
        """
        if not fact.counts:
            return
        state = self.world.states[site]
        state.remove(fact.report_id)
        self.world.panel.add(state.number, fact, -1)

    def review(self, on: int, *, verdicts: bool = True) -> None:
        """Review the week that ended on the day before; other days have nothing to review.

        Args:
            on: The day; a Monday.
            verdicts: Whether remedies are reviewed too.
        """
        if (on - 1) % 7:
            return
        world, now = self.world, week_of(on) - 1
        rules = world.rules(on)
        last = on - 1
        for state in world.states.values():
            follow_site(world, state, now, on)
        look = take_look(world.panel, world.book, now, rules.rising, world.peers, self._level(rules))
        follow_shared(world, look, on)
        review_seasons(world, look, on)
        bunches = now % BUNCHES_EVERY_WEEKS == 0
        for state in world.states.values():
            if not state.facts:
                continue
            review_changes(world, state, now, on)
            if bunches:
                review_bunches(world, state, self._cycle(rules), now, on)
            if look.candidates[state.number].any() or state.log:
                review_rises(world, state, look, on)
            review_unanswered(world, state, now, on)
            state.forget_before(on)
        review_silence(world, now, on)
        self._collect()
        if verdicts:
            self.judge(last, on)

    def judge(self, last: int, on: int, *, final: bool = False) -> None:
        """Review all remedies.

        Args:
            last: The last day that counts.
            on: The day of review.
            final: Whether unchanged verdicts are said again.
        """
        for state, remedy in self._remedies:
            line = review_remedy(self.world, state, remedy, last, on, final=final)
            if line is not None:
                self.lines.append(line)

    def _collect(self) -> None:
        self.lines.extend(self.world.lines)
        self.world.lines.clear()

    def _is_repeat(self, state: SiteState, fact: ReportFact) -> bool:
        recent = self._recent_of(state, fact.day)
        best: tuple[float, str, Sameness] | None = None
        for known in recent:
            if known.occurred == fact.occurred and (found := same_event(known, fact)) is not None:
                first = known.repeats or known.report_id
                if best is None or (found.score, first) > best[:2]:
                    best = (found.score, first, found)
        recent.append(fact)
        if best is None:
            return False
        fact.repeats = best[1]
        group = self._groups.setdefault(fact.repeats, [fact.repeats])
        group.append(fact.report_id)
        self.lines.append(DuplicateLine(fact.day, state.card.site, tuple(group), best[2]))
        return True

    def _recent_of(self, state: SiteState, day: int) -> list[ReportFact]:
        """Return the reports that one of a day is compared with, without those that are too old by now."""
        recent = self._recent.setdefault(state.card.site, [])
        while recent and recent[0].day < day - COMPARED_DAYS:
            recent.pop(0)
        return recent

    def _level(self, rules: DetectionRules) -> Floats:
        """Return each series' level of significance."""
        if rules.version not in self._levels:
            numbers = rules.rising
            by_kind = {
                "all": max(numbers.alpha_all, rules.reporting.drive_alpha),
                "domain": numbers.alpha_domain,
                "pair": numbers.alpha_pair,
                "theme": numbers.alpha_theme,
            }
            self._levels[rules.version] = np.array([by_kind[series.kind] for series in self.world.book.series])
        return self._levels[rules.version]

    def _cycle(self, rules: DetectionRules) -> Cycles:
        if rules.version not in self._cycles:
            self._cycles[rules.version] = Cycles(rules.bunching)
        return self._cycles[rules.version]


def review_days(first: int, last: int) -> Sequence[int]:
    """Return the Mondays from the first day to the day after the last one."""
    monday = monday_of(week_of(first)) + 7
    return range(monday, last + 2, 7)
