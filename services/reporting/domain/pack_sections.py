"""What stands in a pack for each audience, made from one gathering of figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.reporting.domain.culture import PER, Culture
from services.reporting.domain.disclosure import OUTSIDE, WHOLE, Policy
from services.reporting.domain.escalations import Escalations
from services.reporting.domain.lessons import Lesson
from services.reporting.domain.packs import (
    OUTSIDERS,
    Audience,
    Figure,
    PackWeek,
    Remedy,
    Section,
    Tally,
    count_any,
    weeks_of,
)
from services.reporting.domain.reading import Span
from services.reporting.domain.rollups import Totals
from services.reporting.domain.waits import ENOUGH_TIMES, Waits
from shared.statistics.averages import median

PROCESSES, OUTCOMES, STAFF = "processes", "outcomes", "feedback from staff and leaders"
NOT_ENOUGH = "INSUFFICIENT_EVIDENCE"


@dataclass(frozen=True)
class Framework:
    """How a framework's headings go with our domains.

    Attributes:
        in_force: Heading to domains, in the framework's order.
        draft: Domain to headings of the draft.
        groups: Title of each group to its domains.
        learning: Heading of what speaks of learning itself.
        version: Release of the taxonomy.
    """

    in_force: Mapping[str, tuple[str, ...]]
    draft: Mapping[str, tuple[str, ...]]
    groups: Mapping[str, tuple[str, ...]]
    learning: str
    version: str


@dataclass(frozen=True)
class Material:
    """What was gathered for the weeks and sites of a pack."""

    tallies: tuple[Tally, ...]
    totals: Totals
    culture: Culture
    lessons: tuple[Lesson, ...]
    escalations: Escalations
    span: Span


def policy_for(audience: Audience) -> Policy:
    """Return the disclosure policy of an audience."""
    return OUTSIDE if audience in OUTSIDERS else WHOLE


def sections_for(audience: Audience, material: Material, framework: Framework) -> tuple[Section, ...]:
    """Arrange what an audience asks for.

    Args:
        audience: Whom the pack is for.
        material: What was gathered.
        framework: Headings and domains.
    """
    maker = _Maker(material, framework, policy_for(audience))
    if audience == "cqc":
        return (maker.learning(), *maker.by_heading(framework.in_force, framework.draft))
    if audience == "commissioner":
        return (maker.overall(), *maker.by_heading(framework.groups, {}), maker.acting())
    return (maker.overall(), maker.learning(), *maker.by_heading(framework.groups, {}), maker.acting(), maker.gravest())


class _Maker:
    def __init__(self, material: Material, framework: Framework, policy: Policy) -> None:
        self._m = material
        self._f = framework
        self._policy = policy

    def _count(self, key: str, label: str, count: int, view: str = "site_domain_week") -> Figure:
        return Figure(key, label, self._policy.shown(count), view, self._f.version, self._policy.version)

    def _exempt(self, key: str, label: str, value: float | None, view: str, version: str = "1") -> Figure:
        return Figure(key, label, value, view, version, self._policy.version)

    def _weeks(self, domains: Sequence[str] = ()) -> tuple[PackWeek, ...]:
        return weeks_of(self._m.tallies, domains, self._m.span) if self._policy is WHOLE else ()

    def overall(self) -> Section:
        """Return how much was told, as counts and rates per exposure."""
        figures = [
            self._count("reports", "Reports", self._m.totals.counts.reports),
            self._count("near_misses", "Near misses", self._m.totals.counts.near_misses),
        ]
        for unit, exposure in sorted(self._m.totals.exposure.items()):
            words = unit.replace("_", " ")
            rate = self._policy.rate(self._m.totals.covered[unit].near_misses, exposure, PER)
            label = f"Near misses per {PER:,} {words}, weeks with known exposure"
            figures.append(
                Figure(f"rate.{unit}", label, rate, "site_domain_week", self._f.version, self._policy.version)
            )
        missing = ("Exposure of some weeks is not known; they have no rate.",) if not self._m.totals.exposure else ()
        claim = "Staff report what nearly went wrong; more reports are no sign of less safe care."
        return Section("What was reported", (), STAFF, claim, tuple(figures), unknown=missing, weeks=self._weeks())

    def learning(self) -> Section:
        """Return whether reports are told soon, read, answered and learned from."""
        culture = self._m.culture
        times = (
            ("to_tell", "from the event to its being told", culture.to_tell),
            ("to_triage", "from being told to a person's first look", culture.to_triage),
            ("to_feedback", "from being told to the first word back", culture.to_feedback),
        )
        figures = [self._count("learning.reports", "Reports", self._m.totals.counts.reports)]
        figures += [self._median(key, label, waits) for key, label, waits in times]
        few = tuple(f"Median hours {label}: fewer than five times." for _, label, w in times if w.median_hours is None)
        judged = [lesson for lesson in self._m.lessons if lesson.judgement]
        figures.append(self._exempt("learning.done", "Actions completed", len(self._m.lessons), "actions"))
        figures.append(self._exempt("learning.judged", "Actions whose effect was judged", len(judged), "evaluations"))
        claim = "Near misses are told, read by a person, answered, and acted on; whether the action worked is measured."
        return Section(self._f.learning, (self._f.learning,), PROCESSES, claim, tuple(figures), unknown=few)

    def _median(self, key: str, label: str, waits: Waits) -> Figure:
        enough = waits.times >= max(ENOUGH_TIMES, self._policy.min_cell)
        value = round(waits.median_hours, 1) if enough and waits.median_hours is not None else None
        return self._exempt(f"hours.{key}", f"Median hours {label}", value, "culture")

    def by_heading(self, headings: Mapping[str, Sequence[str]], draft: Mapping[str, Sequence[str]]) -> list[Section]:
        """Return one section for each heading of which anything was told or done."""
        found = []
        for heading, domains in headings.items():
            reports = count_any(self._m.tallies, domains)
            lessons = [lesson for lesson in self._m.lessons if set(lesson.domains) & set(domains)]
            if domains and (reports or lessons):
                found.append(self._section(heading, domains, reports, lessons, draft))
        return found

    def _section(
        self,
        heading: str,
        domains: Sequence[str],
        reports: int,
        lessons: Sequence[Lesson],
        draft: Mapping[str, Sequence[str]],
    ) -> Section:
        near_misses = count_any(self._m.tallies, domains, near_misses_only=True)
        figures = (
            self._count(f"{heading}.reports", "Reports that tell of it", reports),
            self._count(f"{heading}.near_misses", "Near misses among them", near_misses),
            self._exempt(f"{heading}.actions", "Actions completed", len(lessons), "actions"),
        )
        later = sorted({code for domain in domains for code in draft.get(domain, ())})
        claim = (
            "The risk was seen, acted on, and the effect of the action is stated."
            if any(lesson.judgement for lesson in lessons)
            else "The risk was seen and acted on; whether it worked is not judged yet."
            if lessons
            else "The risk was seen; no action was completed in these weeks."
        )
        return Section(
            heading=heading,
            codes=(heading, *(f"Draft: {code}" for code in later)) if draft else (),
            category=OUTCOMES if any(lesson.judgement for lesson in lessons) else PROCESSES,
            claim=claim,
            figures=figures,
            remedies=remedies(lessons, self._policy),
            unknown=_not_yet(lessons),
            weeks=self._weeks(domains),
        )

    def acting(self) -> Section:
        """Return how soon actions were done, and what came of them."""
        days = [lesson.days_to_act for lesson in self._m.lessons if lesson.days_to_act is not None]
        words: dict[str, int] = defaultdict(int)
        for lesson in self._m.lessons:
            words[lesson.judgement.verdict if lesson.judgement else "not judged yet"] += 1
        enough = len(days) >= max(ENOUGH_TIMES, self._policy.min_cell)
        figures = [
            self._exempt(
                "days_to_act", "Median days from proposed to done", median(days) if enough else None, "actions"
            )
        ]
        figures += [
            self._exempt(
                f"verdict.{word}", f"Actions with the verdict {word.replace('_', ' ').lower()}", n, "evaluations"
            )
            for word, n in sorted(words.items())
        ]
        few = () if enough else ("Too few actions were completed to state how many days they took.",)
        claim = "Actions are completed and judged by what was reported after them, against what was before."
        return Section("Action and effect", (), OUTCOMES, claim, tuple(figures), unknown=few)

    def gravest(self) -> Section:
        """Return escalations and how many of them people removed."""
        found = self._m.escalations
        figures = (
            self._count("escalated", "Reports with an escalation", found.escalated, "escalations"),
            self._count("removed", "Escalations that people removed", found.removed, "escalations"),
        )
        claim = "What is more than a near miss is escalated, and its removal is counted."
        return Section("Escalation", (), PROCESSES, claim, figures)


def remedies(lessons: Iterable[Lesson], policy: Policy) -> tuple[Remedy, ...]:
    """Return what was done, by title; the same remedy at several sites stands once for each verdict.

    Args:
        lessons: Actions that were completed.
        policy: Under one that withholds counts the verdict's sentence is left out: it tells exact ones.
    """
    grouped: dict[tuple[str, str | None], list[Lesson]] = defaultdict(list)
    for lesson in lessons:
        grouped[lesson.title, lesson.judgement.verdict if lesson.judgement else None].append(lesson)
    made = []
    for (title, verdict), found in sorted(grouped.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        last = max(found, key=lambda lesson: lesson.done_on or lesson.proposed_on)
        one = last.judgement if len(found) == 1 and policy is WHOLE else None
        made.append(
            Remedy(
                title=title,
                sites=len({lesson.site_id for lesson in found}),
                strength=last.strength,
                done_on=last.done_on or last.proposed_on,
                days_to_act=last.days_to_act if len(found) == 1 else None,
                verdict=verdict,
                sentence=one.sentence if one else None,
                rate_ratio=one.rate_ratio if one else None,
                ci_low=one.ci_low if one else None,
                ci_high=one.ci_high if one else None,
            )
        )
    return tuple(made)


def _not_yet(lessons: Iterable[Lesson]) -> tuple[str, ...]:
    waiting = [lesson for lesson in lessons if lesson.judgement and lesson.judgement.verdict == NOT_ENOUGH]
    open_ones = [lesson for lesson in lessons if lesson.judgement is None]
    said = [f"{len(waiting)} with not enough evidence yet."] if waiting else []
    return (*said, *([f"{len(open_ones)} not judged yet."] if open_ones else []))
