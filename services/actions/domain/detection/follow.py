"""How open signals move on: updated by new evidence, closed after quiet reviews; nothing is raised here."""

from __future__ import annotations

from services.actions.domain.detection.chances import as_many
from services.actions.domain.detection.facts import day_of, monday_of
from services.actions.domain.detection.look import Look
from services.actions.domain.detection.season import joining
from services.actions.domain.detection.signals import Figures, Signal
from services.actions.domain.detection.site_state import SiteState
from services.actions.domain.detection.world import World, ids_of

__all__ = ["follow_shared", "follow_site"]

RATED = ("rising_rate", "cluster_after_change", "reporting_increase")


def follow_site(world: World, state: SiteState, now: int, on: int) -> None:
    """Review the open signals of a site at the end of a week.

    Args:
        world: The provider.
        state: The site.
        now: The week that ended.
        on: The day of review.
    """
    for signal in list(state.open.values()):
        if signal.kind in RATED:
            _follow_rate(world, state, signal, now, on)
        elif signal.kind == "silence":
            _follow_silence(world, state, signal, now, on)
        elif signal.kind == "recurring_asset":
            _follow_asset(world, state, signal, now, on)
        elif signal.kind == "repeat_without_action":
            _follow_repeat(world, state, signal, now, on)


def _follow_rate(world: World, state: SiteState, signal: Signal, now: int, on: int) -> None:
    rules = world.rules(on).rising
    last = monday_of(now) + 6
    recent = world.figures(signal, state, max(monday_of(now - rules.recent_weeks + 1), signal.began), last)
    _move(world, signal, recent, world.figures(signal, state, signal.began, last), now, on)


def _move(world: World, signal: Signal, recent: Figures, whole: Figures, now: int, on: int) -> None:
    rules = world.rules(on).rising
    expected = recent.expected if recent.expected is not None else 0.0
    p = float(as_many(recent.observed, signal.strength, expected / (expected + signal.strength + 1e-9)))
    signal.quiet = signal.quiet + 1 if p > rules.quiet_above else 0
    if signal.quiet >= rules.quiet_reviews:
        world.close(signal, whole, on)
        return
    if signal.quiet == 0:
        world.keep_apart(signal, monday_of(now) + 6)
        if set(whole.report_ids) - set(signal.figures.report_ids):
            world.say(signal, whole, "updated", on)


def follow_shared(world: World, look: Look, on: int) -> None:
    """Review the signals that sites share; a site that comes up later joins."""
    rules, now = world.rules(on).rising, look.now
    last = monday_of(now) + 6
    for signal in [signal for signal in world.shared if signal.closed_on is None]:
        joining(world, look, signal, on)
        recent = world.shared_figures(signal, monday_of(now - rules.recent_weeks + 1), last)
        _move(world, signal, recent, world.shared_figures(signal, signal.began, last), now, on)


def _follow_silence(world: World, state: SiteState, signal: Signal, now: int, on: int) -> None:
    last = monday_of(now) + 6
    week = world.figures(signal, state, monday_of(now), last)
    if week.observed == 0:
        signal.quiet = 0
        world.keep_apart(signal, last)
        return
    signal.quiet += 1
    if signal.quiet >= 2 or week.observed >= 0.5 * (week.expected or 0.0):
        world.close(signal, world.figures(signal, state, signal.began, last), on)


def _follow_asset(world: World, state: SiteState, signal: Signal, now: int, on: int) -> None:
    quiet_days = world.rules(on).asset.quiet_days
    last = monday_of(now) + 6
    if not state.evidence(signal.series, last - quiet_days + 1, last):
        world.close(signal, world.figures(signal, state, signal.began, last), on)


def _follow_repeat(world: World, state: SiteState, signal: Signal, now: int, on: int) -> None:
    """Close a repeat once an action about it is in the log, or nothing of it is left in the window."""
    last = monday_of(now) + 6
    pack = world.data.pack_on(day_of(on))
    acted = any(reading.concerns(signal.series) for _, reading in state.logged("remedy", signal.began, last))
    left = state.evidence(signal.series, last - pack.window_days + 1, last)
    if acted or not left:
        world.close(signal, Figures(signal.began, last, None, None, ids_of(left)), on)
