"""One plain sentence for a verdict, with its numbers and without p-values."""

from __future__ import annotations

from services.actions.domain.effectiveness import Assessment, Trial

__all__ = ["sentence"]

_BECAUSE = {
    "regression_to_the_mean": "it is back at its long-run rate after some busy weeks, which chance alone would do",
    "season": "the other sites saw the same fall, so it may be the season",
    "reporting_rose": "all reports rose alike, so this may only be more reporting",
    "harm_guard": "events with harm have risen",
}


def sentence(title: str, place: str, trial: Trial, found: Assessment) -> str:
    """Say what was found.

    Args:
        title: What a reader calls the series.
        place: What a reader calls the site.
        trial: The counts.
        found: The verdict.
    """
    expected = trial.before.rate * trial.after.weight
    seen = (
        f"{title} at {place}: {trial.after.events} since the start, where {_about(expected)} would have come at the "
        f"rate before ({trial.before.events} reports)"
    )
    return f"{seen}; {_meaning(found)}."


def _meaning(found: Assessment) -> str:
    weeks = "1 more week" if found.weeks_more == 1 else f"{found.weeks_more} more weeks"
    more = f"; about {weeks} at these rates would show it" if found.weeks_more else ""
    harm = {
        "too_few_to_tell": ", while there were too few events with harm to tell whether harm rose",
        "no_rise_seen": ", and no rise of harm was seen",
        "rose": ", and events with harm need a person's look",
    }[found.harm]
    because = next((_BECAUSE[reason] for reason in found.reasons if reason in _BECAUSE), None)
    if because is not None and found.verdict in ("NO_CHANGE_SEEN", "WORSE"):
        return because
    held_back = found.shown and "harm_guard" in found.reasons
    fall = (
        "a fall beyond what chance explains"
        if held_back
        else f"a fall, which is not yet beyond what chance explains{more}"
    )
    return {
        "EFFECTIVE": f"this is a fall beyond what chance explains{harm}",
        "PROMISING": f"this looks like {fall}{harm}",
        "NO_CHANGE_SEEN": "no change is seen",
        "WORSE": "this is a rise beyond what chance explains",
        "INSUFFICIENT_EVIDENCE": f"these are too few to tell{more}",
        "CONFOUNDED_REPORTING_FELL": "the site's other reports fell alike, so this may only be less reporting",
        "NOT_IMPLEMENTED": "the log says that it is not carried out, so nothing can be said about its effect",
        "RELAPSED": "the fall that was seen at first has not lasted",
    }[found.verdict]


def _about(expected: float) -> str:
    return f"about {expected:.0f}" if expected >= 9.5 else f"about {expected:.1f}".removesuffix(".0")
