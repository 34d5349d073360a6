"""The rules of things that return: the same asset, the same person, a pattern without an action; day by day."""

from __future__ import annotations

from collections.abc import Sequence

from scipy.special import pdtrc

from services.actions.domain.detection.facts import ReportFact, day_of, monday_of
from services.actions.domain.detection.one_series import Series
from services.actions.domain.detection.signals import Figures, Signal
from services.actions.domain.detection.site_state import SiteState
from services.actions.domain.detection.world import World, ids_of
from shared.taxonomy.detection_rules import AssetNumbers

__all__ = ["review_unanswered", "see_asset", "see_person"]

QUICK_DAYS = 28
FAR_MORE = 2.0
PERSONS_UNKNOWN = 10
FRESH_DAYS = 21


def see_asset(world: World, state: SiteState, asset: str, on: int) -> None:
    """Look at an asset of which a report was told today.

    Args:
        world: The provider.
        state: The site.
        asset: The asset.
        on: Today.
    """
    rules = world.rules(on).asset
    facts = state.by_asset.get(asset, [])
    series = Series(asset=asset)
    recent = [fact for fact in facts if on - rules.window_days < fact.day <= on]
    known = state.open.get(f"recurring_asset|{state.card.site}|{series.name}")
    if known is not None:
        whole = [fact for fact in facts if known.began <= fact.day <= on]
        if set(ids_of(whole)) - set(known.figures.report_ids):
            world.say(known, Figures(known.began, on, known.figures.expected, None, ids_of(whole)), "updated", on)
        return
    last_closed = max((s.to_day for s in state.past if s.series == series), default=0)
    recent = [fact for fact in recent if fact.day > last_closed]
    if not _enough(world, asset, recent, on, rules):
        return
    start = monday_of(int(world.panel.starts[state.number]))
    earlier = [fact for fact in facts if fact.day <= on - rules.window_days]
    days = max(on - rules.window_days - start + 1, 0)
    expected = len(earlier) / days * rules.window_days if days >= rules.window_days else None
    if expected is not None and len(recent) < FAR_MORE * expected:
        return
    figures = Figures(recent[0].day, on, expected, None, ids_of(recent))
    world.raise_signal("recurring_asset", state, series, figures, on)


def _enough(world: World, asset: str, recent: Sequence[ReportFact], on: int, rules: AssetNumbers) -> bool:
    kind, _, number = asset.rpartition(" ")
    if kind and (number.isdigit() or len(number) == 1 or number[:1].isdigit() or number[1:].isdigit()):
        quick = [fact for fact in recent if fact.day > on - QUICK_DAYS]
        return len(quick) >= rules.numbered or len(recent) >= rules.numbered + 1
    needed = rules.unique if asset in world.data.log_words.unique_assets else rules.generic
    return len(recent) >= needed


def see_person(world: World, state: SiteState, fact: ReportFact, on: int) -> None:
    """Look at similar events for the person of a report that was told today.

    Similar is: a domain in common. Chance must not explain them: at the site's other events of that domain, spread
    over its other people, so many for one person must be unlikely.

    Args:
        world: The provider.
        state: The site.
        fact: The report.
        on: Today.
    """
    assert fact.person is not None
    pack, rules = world.data.pack_on(day_of(on)), world.rules(on).repeat
    first = on - pack.window_days + 1
    own = [known for known in state.by_person[fact.person] if first <= known.day <= on]
    people = max(len(state.by_person), int(state.card.size or PERSONS_UNKNOWN), 2)
    for domain in fact.domains:
        series = Series((domain,), person=fact.person)
        similar = [known for known in own if domain in known.domains]
        if len(similar) < pack.person or f"repeat_without_action|{state.card.site}|{series.name}" in state.open:
            continue
        others = len(state.evidence(Series((domain,)), first, on)) - len(similar)
        # One more than was seen, so that a site with few reports is not judged by none at all.
        mean = max((others + 1) / (people - 1), (others + len(similar)) * _share_of(state, fact.person, domain, people))
        if float(pdtrc(len(similar) - 1, mean)) > rules.person_alpha or _acted(state, series, similar[0].day, on):
            continue
        figures = Figures(similar[0].day, on, mean, None, ids_of(similar))
        world.raise_signal("repeat_without_action", state, series, figures, on)
        return


def _share_of(state: SiteState, person: str, domain: str, people: int) -> float:
    """Return a person's share of the reports of other domains: someone who is often told of will be so here too."""
    own = sum(domain not in known.domains for known in state.by_person[person])
    everyone = sum(domain not in known.domains for facts in state.by_person.values() for known in facts)
    return (own + 1) / (everyone + people)


def review_unanswered(world: World, state: SiteState, now: int, on: int) -> None:
    """Raise what goes on although a signal spoke of it weeks ago and no action about it is in the log.

    The signal is what makes it more than the series' own rate brings by chance.

    Args:
        world: The provider.
        state: The site.
        now: The week that ended.
        on: The day of review.
    """
    pack = world.data.pack_on(day_of(on))
    last = monday_of(now) + 6
    for signal in list(state.open.values()):
        if signal.kind not in ("rising_rate", "cluster_after_change", "recurring_asset") or signal.series.kind == "all":
            continue
        if on - signal.raised_on < pack.unanswered_days or signal.quiet:
            continue
        key = f"repeat_without_action|{state.card.site}|{signal.series.name}"
        needed = pack.asset if signal.series.asset else pack.pathway
        similar = state.evidence(signal.series, max(signal.began, last - pack.window_days + 1), last)
        if key in state.open or len(similar) < needed or not similar or similar[-1].day <= last - FRESH_DAYS:
            continue
        if not _acted(state, signal.series, signal.began, last):
            figures = Figures(
                similar[0].day, last, _expected(world, state, signal, similar[0].day, last), None, ids_of(similar)
            )
            world.raise_signal("repeat_without_action", state, signal.series, figures, on)


def _expected(world: World, state: SiteState, signal: Signal, first: int, last: int) -> float | None:
    return world.figures(signal, state, first, last).expected


def _acted(state: SiteState, series: Series, first: int, last: int) -> bool:
    """Tell whether the log names a remedy about the series in a span of days."""
    return any(reading.concerns(series) for _, reading in state.logged("remedy", first, last))
