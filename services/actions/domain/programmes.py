"""A remedy that was begun at several sites: what each site shows, and what all show together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.actions.domain.detection.facts import day_of
from services.actions.domain.detection.one_series import Series
from services.actions.domain.effectiveness import Count, Trial
from services.actions.domain.evaluations import Evaluation, Span, Verdict
from services.actions.domain.programme import assess_programme
from services.actions.domain.verdict_wording import sentence
from shared.kernel.errors import Fault, Invalid
from shared.kernel.ids import derived_id
from shared.taxonomy.detection_rules import DetectionRules

__all__ = ["RUNNING", "STATUSES", "Programme", "ProgrammeSite", "SiteTrial", "assessed", "set_up"]

RUNNING = "running"
STATUSES = (RUNNING,)
SITES_MIN, SITES_MAX = 2, 200


@dataclass(frozen=True, slots=True)
class SiteTrial:
    """What a review counted for one evaluation.

    Attributes:
        baseline: First and last day, as day numbers.
        since: First day after the wash-in and the last day.
    """

    trial: Trial
    by_exposure: bool
    baseline: tuple[int, int]
    since: tuple[int, int]


@dataclass(frozen=True, slots=True)
class ProgrammeSite:
    """One site: its own start, figures and verdict; None before the first."""

    site_id: str
    evaluation_id: str
    started_on: date
    baseline: Span | None = None
    after: Span | None = None
    verdict: str | None = None


@dataclass(frozen=True, slots=True)
class Programme:
    """The whole state; `version` goes up by one with every change; it belongs to no single site.

    Attributes:
        was_effective: Whether all sites together were EFFECTIVE once.
    """

    programme_id: str
    provider_id: str
    site_id: None
    version: int
    status: str
    title: str
    series: Series
    sites: tuple[ProgrammeSite, ...]
    set_up_on: date
    rule_version: str
    pooled: Verdict | None = None
    visibility: str = "site"
    was_effective: bool = False


def set_up(provider_id: str, title: str, evaluations: Sequence[Evaluation], on: date, rule_version: str) -> Programme:
    """Join what was fixed at several sites, without looking at any result.

    Args:
        provider_id: The tenant.
        title: What people call it, redacted.
        evaluations: One for each site, all about the same series.
        on: The day.
        rule_version: The version of the rules in force.

    Raises:
        Invalid: too few or too many sites, two of one site, or another series.
    """
    sites = [evaluation.site_id for evaluation in evaluations]
    if not SITES_MIN <= len(sites) <= SITES_MAX or len(set(sites)) < len(sites):
        detail = f"{SITES_MIN} to {SITES_MAX} actions, each of another site"
        raise Invalid("a programme joins one action of each of several sites", (Fault(detail, "action_ids"),))
    if len({evaluation.series for evaluation in evaluations}) > 1:
        raise Invalid(
            "these actions are judged by different series, which cannot be pooled",
            (Fault("name actions about the same pattern", "action_ids"),),
        )
    keys = sorted(evaluation.evaluation_id for evaluation in evaluations)
    return Programme(
        programme_id=derived_id("|".join(["programme", provider_id, *keys])),
        provider_id=provider_id,
        site_id=None,
        version=1,
        status=RUNNING,
        title=title,
        series=evaluations[0].series,
        sites=tuple(
            ProgrammeSite(evaluation.site_id, evaluation.evaluation_id, evaluation.started_on)
            for evaluation in sorted(evaluations, key=lambda evaluation: evaluation.site_id)
        ),
        set_up_on=on,
        rule_version=rule_version,
    )


def assessed(
    programme: Programme,
    trials: Mapping[str, SiteTrial],
    verdicts: Mapping[str, str],
    title: str,
    day: date,
    rules: DetectionRules,
) -> Programme:
    """Bring a programme up to what a review counted; this very one where nothing moved.

    Args:
        programme: As it is stored.
        trials: By evaluation, what the review counted.
        verdicts: By evaluation, the verdict that holds at its site.
        title: What a reader calls the series.
        day: The reviewed day.
        rules: The rules in force.
    """
    sites = tuple(_site(site, trials.get(site.evaluation_id), verdicts) for site in programme.sites)
    counted = [trials[site.evaluation_id] for site in sites if site.evaluation_id in trials]
    found = assess_programme([one.trial for one in counted], rules.verdict, was_effective=programme.was_effective)
    pooled, effective = None, programme.was_effective
    if found is not None:
        trial, said = found
        effective = effective or said.verdict == "EFFECTIVE"
        pooled = Verdict(
            verdict=said.verdict,
            on=day,
            baseline=_whole([site.baseline for site in sites]),
            after=_whole([site.after for site in sites]),
            rate_ratio=said.ratio,
            ci_low=said.low,
            ci_high=said.high,
            events_needed=said.events_needed,
            weeks_more=said.weeks_more,
            harm_guard=said.harm,
            reasons=said.reasons,
            sentence=sentence(title, f"{len(counted)} sites, each against its own past", trial, said),
            rule_version=rules.version,
        )
    now = replace(programme, sites=sites, pooled=pooled, rule_version=rules.version, was_effective=effective)
    return programme if now == programme else replace(now, version=programme.version + 1)


def _site(site: ProgrammeSite, counted: SiteTrial | None, verdicts: Mapping[str, str]) -> ProgrammeSite:
    if counted is None:
        return site
    return replace(
        site,
        baseline=_span(counted.baseline, counted.trial.before, counted.by_exposure),
        after=_span(counted.since, counted.trial.after, counted.by_exposure),
        verdict=verdicts.get(site.evaluation_id, site.verdict),
    )


def _span(days: tuple[int, int], count: Count, by_exposure: bool) -> Span:
    return Span(day_of(days[0]), day_of(days[1]), count.events, count.weight if by_exposure else None)


def _whole(spans: Sequence[Span | None]) -> Span:
    """Return all sites' events, from the first day of any to the last; exposure where all have it in one sum."""
    known = [span for span in spans if span is not None]
    exposures = [span.exposure for span in known if span.exposure is not None]
    return Span(
        first=min(span.first for span in known),
        last=max(span.last for span in known),
        events=sum(span.events for span in known),
        exposure=sum(exposures) if len(exposures) == len(known) else None,
    )
