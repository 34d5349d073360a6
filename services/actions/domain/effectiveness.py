"""Whether a remedy worked: a verdict of the closed list from counts before and after; counting is elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from shared.statistics.rates import RateRatio, events_needed, rate_ratio, rise_p_value
from shared.taxonomy.detection_rules import VerdictNumbers

__all__ = ["Assessment", "Count", "Trial", "Verdict", "assess", "had_peak", "harm_state", "ratio_of_ratios"]

Verdict = Literal[
    "EFFECTIVE", "PROMISING", "NO_CHANGE_SEEN", "WORSE", "INSUFFICIENT_EVIDENCE", "CONFOUNDED_REPORTING_FELL",
    "NOT_IMPLEMENTED", "RELAPSED",
]  # fmt: skip
HarmState = Literal["rose", "no_rise_seen", "too_few_to_tell"]
WAITING = ("INSUFFICIENT_EVIDENCE", "PROMISING")
"""Verdicts that more weeks may settle."""

PEAK_RATIO = 1.3
"""Weeks before a remedy whose rate was so much above the time before may be a chance peak."""
PEAK_P = 0.1
"""One-sided chance below which the time after is clearly below the long run before a chance peak."""
FALL_P = 0.2
"""One-sided chance below which a fall that is not yet shown may be called promising."""
EXPECTED_FOR_NONE = 5.0
"""Events expected after the start from which on 'no change seen' may be said."""
SURE_P = 0.005
"""A fall so unlikely by chance is believed at the first look."""
CONTROL_PRIOR = 5.0
FAR_LESS = 0.3
"""A target that fell to less than this share of its control's fall did not fall alike, however wide the interval."""
SEASON_EVENTS = 8
WEEKS_AHEAD_MAX = 104
Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Count:
    """Events and the exposure that they happened in (or weeks, for both sides alike)."""

    events: int
    weight: float

    @property
    def rate(self) -> float:
        """Return events per unit of exposure; 0 where there was none."""
        return self.events / self.weight if self.weight > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Trial:
    """Everything that a verdict is made from.

    Attributes:
        before: The target series in the baseline, fixed before the start.
        after: The target series since the wash-in.
        risen: Whether the baseline is a rise that a signal had spoken of before the start.
        days_after: Days since the start.
        weeks_after: Weeks that `after` covers.
        others_before: All other reports of the site before.
        others_after: All other reports of the site since.
        long_run: The target before the weeks in which a chance peak may lie; None where `risen`.
        peak: The target in those weeks.
        harm_before: Events with harm in the same domains before.
        harm_after: The same since.
        severe_harm_after: Events with severe harm on the pathway since.
        elsewhere_before: The same series at the other sites before; None where there are none.
        elsewhere_after: The same since.
        early: The target in the first part since, once there are enough weeks for a relapse.
        late: The target in the last weeks.
        lapsed: Whether the log says that the remedy is not carried out.
        was_effective: Whether the verdict was EFFECTIVE once.
        was_shown: Whether the last review saw a fall beyond chance: weekly looks must agree twice.
    """

    before: Count
    after: Count
    risen: bool
    days_after: int
    weeks_after: float
    others_before: Count
    others_after: Count
    long_run: Count | None = None
    peak: Count | None = None
    harm_before: Count = field(default_factory=lambda: Count(0, 0.0))
    harm_after: Count = field(default_factory=lambda: Count(0, 0.0))
    severe_harm_after: int = 0
    elsewhere_before: Count | None = None
    elsewhere_after: Count | None = None
    early: Count | None = None
    late: Count | None = None
    lapsed: bool = False
    was_effective: bool = False
    was_shown: bool = False


@dataclass(frozen=True, slots=True)
class Assessment:
    """A verdict with its figures.

    Attributes:
        shown: Whether the fall is beyond chance, also against the controls.
        ratio: None where it cannot be computed (nothing before).
        events_needed: Baseline events that a fall of this size takes to be shown; None without a fall.
        weeks_more: About so many more weeks at the present rates until it would be; None where it is, never, or where
            more weeks alone settle nothing: reporting fell, the remedy is not carried out, it was chance or season.
        reasons: Codes.
    """

    verdict: Verdict
    shown: bool
    ratio: float | None
    low: float | None
    high: float | None
    events_needed: int | None
    weeks_more: int | None
    harm: HarmState
    reasons: tuple[str, ...]


def assess(trial: Trial, rules: VerdictNumbers, found: RateRatio | None = None) -> Assessment | None:
    """Give the verdict on a remedy.

    Args:
        trial: The counts.
        rules: The numbers.
        found: The rate ratio, where it is not that of the counts alone but one over several sites.

    Returns:
        The verdict; None while there is no exposure on one of the sides.
    """
    before, after = trial.before, trial.after
    if before.weight <= 0 or after.weight <= 0:
        return None
    found = found or rate_ratio(after.events, after.weight, before.events, before.weight)
    harm = harm_state(trial)
    verdict, reasons = _decide(trial, found, harm, rules)
    falls = before.events > 0 and found.ratio < 1
    needed = events_needed(max(1 - found.ratio, 0.05)) if falls else None
    beyond = found.high < 1
    if needed is not None and before.events < needed and not beyond and "below_evidence_gate" not in reasons:
        reasons.append("below_evidence_gate")
    return Assessment(
        verdict=verdict,
        shown=_shown(trial, found),
        ratio=_finite(found.ratio),
        low=_finite(found.low),
        high=_finite(found.high),
        events_needed=needed,
        weeks_more=_weeks_more(trial, found) if verdict in WAITING and falls and not beyond else None,
        harm=harm,
        reasons=tuple(reasons),
    )


def _decide(trial: Trial, found: RateRatio, harm: HarmState, rules: VerdictNumbers) -> tuple[Verdict, list[str]]:
    return next((verdict, reasons) for holds, verdict, reasons in _answers(trial, found, harm, rules) if holds)


def _answers(
    trial: Trial, found: RateRatio, harm: HarmState, rules: VerdictNumbers
) -> Iterator[tuple[bool, Verdict, list[str]]]:
    """Yield the verdicts in the order in which they are asked for; the first that holds is given."""
    expected = trial.before.rate * trial.after.weight
    yield trial.lapsed, "NOT_IMPLEMENTED", ["not_carried_out"]
    yield trial.was_effective and _relapsed(trial, rules), "RELAPSED", ["relapse"]
    yield found.low > 1 and _rose_alike(trial, found), "NO_CHANGE_SEEN", ["reporting_rose"]
    yield found.low > 1, "WORSE", []
    few = trial.before.events < rules.min_baseline or expected < rules.min_expected
    yield few, "INSUFFICIENT_EVIDENCE", ["below_evidence_gate"]
    yield harm == "rose" and trial.severe_harm_after == 0, "WORSE", ["harm_guard"]
    shown = _shown(trial, found)
    fell = shown or (found.ratio <= rules.promising_ratio and found.p_value / 2 <= FALL_P)
    # Nothing is confounded that did not fall.
    alike = _fell_alike(trial.others_before, trial.others_after, trial, rules) if fell else None
    yield alike is True, "CONFOUNDED_REPORTING_FELL", ["reporting_fell"]
    yield _peaked(trial, rules), "NO_CHANGE_SEEN", ["regression_to_the_mean"]
    yield not fell and expected < EXPECTED_FOR_NONE, "INSUFFICIENT_EVIDENCE", ["below_evidence_gate"]
    yield not fell, "NO_CHANGE_SEEN", []
    yield _seasonal(trial, rules), "NO_CHANGE_SEEN", ["season"]
    reasons = ["reporting_fell"] if alike is False else []
    reasons += ["harm_too_few_to_tell"] if harm == "too_few_to_tell" else []
    yield trial.severe_harm_after > 0, "PROMISING", [*reasons, "harm_guard"]
    yield not shown, "PROMISING", reasons
    early = trial.days_after < rules.effective_after_days or not (trial.was_shown or found.p_value <= SURE_P)
    yield early, "PROMISING", [*reasons, "early"]
    yield True, "EFFECTIVE", reasons


def _seasonal(trial: Trial, rules: VerdictNumbers) -> bool:
    if trial.elsewhere_before is None or trial.elsewhere_after is None:
        return False
    before, after = trial.elsewhere_before, trial.elsewhere_after
    if before.events < SEASON_EVENTS or before.weight <= 0 or after.weight <= 0:
        return False
    elsewhere = rate_ratio(after.events, after.weight, before.events, before.weight)
    ratio, _, _ = ratio_of_ratios(trial.after, trial.before, after, before)
    return elsewhere.high < 1 and ratio >= rules.alike_ratio


def _shown(trial: Trial, found: RateRatio) -> bool:
    """Tell whether the fall is beyond chance: by itself, by the site's other reports, and below the long run.

    Where the others fell too, as over Christmas, the exposure since is taken as so much less. Where the weeks before
    were a chance peak, the time before them must show the fall as well.
    """
    if found.high >= 1:
        return False
    expected = trial.others_before.rate * trial.others_after.weight
    heard = min(1.0, (trial.others_after.events + CONTROL_PRIOR) / (expected + CONTROL_PRIOR))
    weight = trial.after.weight * heard
    if rate_ratio(trial.after.events, weight, trial.before.events, trial.before.weight).high >= 1:
        return False
    if not had_peak(trial):
        return True
    assert trial.long_run is not None
    return rate_ratio(trial.after.events, weight, trial.long_run.events, trial.long_run.weight).high < 1


def had_peak(trial: Trial) -> bool:
    """Tell whether the weeks before the start were busy beyond the time before them, and no signal had said so."""
    if trial.risen or trial.long_run is None or trial.peak is None or trial.long_run.weight <= 0:
        return False
    return trial.peak.events >= 3 and trial.peak.rate >= PEAK_RATIO * trial.long_run.rate


def _rose_alike(trial: Trial, found: RateRatio) -> bool:
    """Tell whether the rise is no more than that of all other reports."""
    if not trial.others_before.events or not trial.others_after.events:
        return False
    ratio, low, _ = ratio_of_ratios(trial.after, trial.before, trial.others_after, trial.others_before)
    return low <= 1 and ratio < 0.8 * found.ratio


def _fell_alike(before: Count, after: Count, trial: Trial, rules: VerdictNumbers) -> bool | None:
    """Tell whether a control fell as the target did; None where it did not fall, False where it fell less."""
    if before.weight <= 0 or after.weight <= 0 or before.rate * after.weight < rules.min_expected:
        return None
    control = rate_ratio(after.events, after.weight, before.events, before.weight)
    ratio, _, high = ratio_of_ratios(trial.after, trial.before, after, before)
    if control.high < 1:
        return ratio >= rules.alike_ratio or (high >= 1 and ratio >= FAR_LESS)
    if control.ratio <= rules.alike_ratio and ratio >= rules.alike_ratio:
        return True
    return None


def _peaked(trial: Trial, rules: VerdictNumbers) -> bool:
    """Tell whether the fall may be only the end of a chance peak: back at the long run, not clearly below it."""
    if not had_peak(trial):
        return False
    assert trial.peak is not None
    assert trial.long_run is not None
    if trial.after.rate > rules.promising_ratio * trial.peak.rate:
        return False
    below = rate_ratio(trial.after.events, trial.after.weight, trial.long_run.events, trial.long_run.weight)
    return below.ratio > rules.promising_ratio or below.p_value / 2 > PEAK_P


def _relapsed(trial: Trial, rules: VerdictNumbers) -> bool:
    if trial.early is None or trial.late is None or trial.early.weight <= 0 or trial.late.weight <= 0:
        return False
    p = rise_p_value(trial.late.events, trial.late.weight, trial.early.events, trial.early.weight)
    return p <= rules.relapse_alpha and trial.late.rate >= 0.6 * trial.before.rate


def harm_state(trial: Trial) -> HarmState:
    """Say whether harm on the pathway rose: the guard's three states.

    Args:
        trial: The counts; severe harm alone is enough for `rose`, a person must look.
    """
    if trial.severe_harm_after:
        return "rose"
    before, after = trial.harm_before, trial.harm_after
    if before.weight <= 0 or after.weight <= 0 or before.events + after.events < 6:
        return "too_few_to_tell"
    found = rate_ratio(after.events, after.weight, before.events, before.weight)
    return "rose" if found.low > 1 else "no_rise_seen"


def ratio_of_ratios(
    after: Count, before: Count, others_after: Count, others_before: Count
) -> tuple[float, float, float]:
    """Compare the change of a target with that of a control.

    The log of the ratio has the variance of the sum of the inverse counts; half an event is added to each cell
    where one is empty.

    Args:
        after: The target after.
        before: The target before.
        others_after: The control after.
        others_before: The control before.

    Returns:
        The ratio of both rate ratios and its 95 % interval.
    """
    cells = (after, before, others_after, others_before)
    extra = 0.5 if any(cell.events == 0 for cell in cells) else 0.0
    a, b, c, d = ((cell.events + extra) / cell.weight for cell in cells)
    log = math.log(a / b) - math.log(c / d)
    spread = Z95 * math.sqrt(sum(1 / (cell.events + extra) for cell in cells))
    return math.exp(log), math.exp(log - spread), math.exp(log + spread)


def _weeks_more(trial: Trial, found: RateRatio) -> int | None:
    """Project the present rates until the interval would leave 1 out."""
    if trial.weeks_after <= 0:
        return None
    per_week, weight_per_week = trial.after.events / trial.weeks_after, trial.after.weight / trial.weeks_after
    for weeks in range(1, WEEKS_AHEAD_MAX + 1):
        events = trial.after.events + math.floor(per_week * weeks + 0.5)
        ahead = replace(trial.after, events=events, weight=trial.after.weight + weight_per_week * weeks)
        if rate_ratio(ahead.events, ahead.weight, trial.before.events, trial.before.weight).high < 1:
            return weeks
    assert found.high >= 1
    return None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
