"""The rising-rate rule: are more reports told at a site than its own past and its exposure explain?

The reports told in the last three weeks are held against the site's own weeks before, series by series,
with the exact conditional test of two Poisson rates. Only what was told by the reviewed day is looked at.
Told is not happened: a rise may be more reporting, so a signal asks and never says why.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from services.actions.domain.exposure import Exposure, exposure_between
from services.actions.domain.facts import Evidence
from services.actions.domain.rules.rising_rate import RisingRateRule
from services.actions.domain.signals import CLOSED, OPEN, Change, Signal, series_name, signal_id
from shared.statistics.rates import rise_p_value

RULE = "rising_rate"
ALL: tuple[str, ...] = ()
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SiteHistory:
    """What the rule knows of a site.

    Attributes:
        name: What the question calls it.
        starts_on: The day of its first report or first exposure; None for a site that has had neither.
        evidence: Its reports that count, in any order; those held from the site are passed over.
        exposure: Care delivered, in any units.
    """

    provider_id: str
    site_id: str
    name: str
    starts_on: date | None
    evidence: Sequence[Evidence]
    exposure: Sequence[Exposure]


@dataclass(frozen=True, slots=True)
class Figures:
    """One look at one series."""

    window: tuple[date, date]
    baseline: tuple[date, date]
    report_ids: tuple[str, ...]
    expected: float
    p_value: float
    exposure: float | None = None
    unit: str | None = None

    @property
    def observed(self) -> int:
        """Return how many reports lie in the window."""
        return len(self.report_ids)


class Series:
    """The reports of a site by series and day."""

    def __init__(self, evidence: Iterable[Evidence]) -> None:
        self._told: dict[str, list[tuple[date, str]]] = {}
        for report in sorted(evidence, key=lambda report: (report.day, report.reported_at, report.report_id)):
            for name in (series_name(ALL), *dict.fromkeys(report.domains)):
                self._told.setdefault(name, []).append((report.day, report.report_id))

    def between(self, name: str, span: tuple[date, date]) -> list[str]:
        """Return the ids of a series' reports told from the first to the last day."""
        told = self._told.get(name, [])
        low = bisect_left(told, span[0], key=lambda pair: pair[0])
        return [report_id for _, report_id in told[low : bisect_right(told, span[1], key=lambda pair: pair[0])]]


def review(
    history: SiteHistory, known: Sequence[Signal], day: date, rule: RisingRateRule, titles: Mapping[str, str]
) -> list[Change]:
    """Review all series of a site as of a day.

    Args:
        history: The site's reports and exposure; what is dated after the day is passed over.
        known: Its signals that are open, or were reviewed on the day or later.
        day: The day to review, one on which the rule looks.
        rule: The numbers.
        titles: The domains by name, with what a reader calls them; each is a series.

    Returns:
        What becomes of which signal. A series that was already reviewed on the day or later is left alone,
        so that a day reviewed twice changes nothing.
    """
    told = Series(report for report in history.evidence if not report.held and report.day <= day)
    window = (day - (rule.window_days - 1) * DAY, day)
    fresh = _baseline(history.starts_on, window, rule)
    settled = {signal.series for signal in known if signal.reviewed_on >= day}
    running = {signal.series: signal for signal in known if signal.status == OPEN}
    changes: list[Change] = []
    for domains in (ALL, *((name,) for name in titles)):
        name = series_name(domains)
        if name in settled:
            continue
        title = titles[name] if domains else "All reports together"
        if (signal := running.get(name)) is not None:
            figures = _look(told, name, window, (signal.baseline_from, signal.baseline_to), history, rule)
            changes.append(_follow(signal, figures, rule, f"{title} at {history.name}"))
        elif fresh is not None and len(told.between(name, window)) >= rule.min_observed:
            figures = _look(told, name, window, fresh, history, rule)
            if figures.p_value <= rule.alpha:
                changes.append(Change("raised", _raise(history, domains, figures, rule, title)))
    return changes


def _baseline(starts_on: date | None, window: tuple[date, date], rule: RisingRateRule) -> tuple[date, date] | None:
    if starts_on is None:
        return None
    first = max(starts_on, window[0] - rule.baseline_max_days * DAY)
    last = window[0] - DAY
    return (first, last) if (last - first).days + 1 >= rule.baseline_min_days else None


def _look(
    told: Series,
    name: str,
    window: tuple[date, date],
    baseline: tuple[date, date],
    history: SiteHistory,
    rule: RisingRateRule,
) -> Figures:
    """Count a series in window and baseline, weighted by exposure where all of both is known, else by days."""
    ids, before = told.between(name, window), len(told.between(name, baseline))
    unit, here, there = None, float(_days(window)), float(_days(baseline))
    for candidate in rule.exposure_units:
        inside = exposure_between(history.exposure, candidate, *window, known_by=window[1])
        outside = exposure_between(history.exposure, candidate, *baseline, known_by=window[1])
        if inside and outside:
            unit, here, there = candidate, inside, outside
            break
    return Figures(
        window=window,
        baseline=baseline,
        report_ids=tuple(ids),
        expected=round(before * here / there, 2),
        p_value=rise_p_value(len(ids), here, before, there),
        exposure=round(here, 2) if unit else None,
        unit=unit,
    )


def _raise(
    history: SiteHistory, domains: tuple[str, ...], figures: Figures, rule: RisingRateRule, title: str
) -> Signal:
    day = figures.window[1]
    return Signal(
        signal_id=signal_id(RULE, history.provider_id, history.site_id, series_name(domains), day),
        provider_id=history.provider_id,
        site_id=history.site_id,
        version=1,
        status=OPEN,
        kind=RULE,
        domains=domains,
        window_from=figures.window[0],
        window_to=day,
        observed=figures.observed,
        expected=figures.expected,
        exposure=figures.exposure,
        exposure_unit=figures.unit,
        report_ids=figures.report_ids,
        question=f"{_sentence(f'{title} at {history.name}', figures)} Is something new there, or is more being told?",
        rule=RULE,
        rule_version=rule.version,
        raised_on=day,
        as_of=day,
        baseline_from=figures.baseline[0],
        baseline_to=figures.baseline[1],
        reviewed_on=day,
    )


def _follow(signal: Signal, figures: Figures, rule: RisingRateRule, about: str) -> Change:
    day = figures.window[1]
    quiet = signal.quiet_reviews + 1 if figures.p_value > rule.close_above else 0
    closing = quiet >= rule.close_after_reviews
    noted = replace(signal, quiet_reviews=quiet, reviewed_on=day)
    if not closing and (figures.observed, figures.expected) == (signal.observed, signal.expected):
        return Change(None, noted)
    ask = (
        "This has been within what chance explains for two reviews. Did something help, or is less being told?"
        if closing
        else "Is something new there, or is more being told?"
    )
    moved = replace(
        noted,
        version=signal.version + 1,
        status=CLOSED if closing else OPEN,
        window_from=figures.window[0],
        window_to=day,
        observed=figures.observed,
        expected=figures.expected,
        exposure=figures.exposure,
        exposure_unit=figures.unit,
        report_ids=figures.report_ids,
        question=f"{_sentence(about, figures)} {ask}",
        rule_version=rule.version,
        as_of=day,
    )
    return Change("closed" if closing else "updated", moved)


def _sentence(about: str, figures: Figures) -> str:
    day = figures.window[1]
    reports = "1 report" if figures.observed == 1 else f"{figures.observed} reports"
    weighed = " and the care delivered" if figures.unit else ""
    return (
        f"{about}: {reports} in the {_days(figures.window) // 7} weeks to {day.day} {day:%B %Y}, "
        f"{_about(figures.expected)} expected from the weeks before{weighed}."
    )


def _about(expected: float) -> str:
    if expected < 0.5:
        return "hardly any"
    return f"about {expected:.0f}" if expected >= 9.5 else f"about {expected:.1f}".removesuffix(".0")


def _days(span: tuple[date, date]) -> int:
    return (span[1] - span[0]).days + 1
