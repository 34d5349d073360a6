"""One verdict over several sites: what none shows alone, what chance alone makes, and what may not be pooled."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.actions.domain.detection.one_series import Series
from services.actions.domain.effectiveness import Count, Trial, assess
from services.actions.domain.evaluations import Evaluation
from services.actions.domain.programme import assess_programme
from services.actions.domain.programmes import SiteTrial, assessed, set_up
from shared.kernel.errors import Invalid
from shared.taxonomy.detection_data import load_detection_data
from shared.taxonomy.loader import load_taxonomy

DETECTION = load_detection_data(load_taxonomy()).versions[-1]
RULES = DETECTION.verdict
HANDOVER = Series(("handover",))


def trial(before, after, **more) -> Trial:
    """A trial whose other reports stay as they were, ninety days after the start."""
    made = Trial(
        before=Count(*before), after=Count(*after), risen=True, days_after=90, weeks_after=12.0,
        others_before=Count(60, before[1]), others_after=Count(round(60 * after[1] / before[1]), after[1]),
        was_shown=True,
    )  # fmt: skip
    return replace(made, **more)


def evaluation(site: str, series: Series = HANDOVER) -> Evaluation:
    """What was fixed at a site."""
    day = date(2026, 3, 2)
    return Evaluation(
        evaluation_id=f"e-{site}", provider_id="p", site_id=site, version=1, action_id=f"a-{site}", line_id=f"l-{site}",
        series=series, started_on=day, baseline_from=date(2025, 12, 1), baseline_to=date(2026, 3, 1),
        baseline_is_a_rise=True, wash_in_days=7, review_on=(), process_measure=None, exposure_unit=None,
        rule_version="1", visibility="site",
    )  # fmt: skip


HALVED = [trial((12, 100.0), (6, 100.0)), trial((14, 300.0), (7, 300.0))] * 2


def test_four_homes_that_each_halve_are_effective_together_and_at_best_promising_alone():
    """Few homes reach the evidence alone; the sites' different rates are never mixed."""
    assert {assess(one, RULES).verdict for one in HALVED} <= {"PROMISING", "INSUFFICIENT_EVIDENCE"}
    _, found = assess_programme(HALVED, RULES)

    assert found.verdict == "EFFECTIVE"
    assert found.ratio == pytest.approx(0.5, rel=1e-6)
    assert found.high < 1


def test_where_all_other_reports_fell_alike_the_pool_says_so():
    """A collapse of reporting at every site is not an effect at any number of sites."""
    fallen = [replace(one, others_after=Count(30, one.after.weight)) for one in HALVED]
    quieter = [replace(one, others_before=Count(60, one.before.weight)) for one in fallen]

    assert assess_programme(quieter, RULES)[1].verdict == "CONFOUNDED_REPORTING_FELL"


def test_staggered_starts_and_different_sizes_make_no_effect_where_nothing_changed():
    """Crude sums would call this a fall of nine tenths."""
    sites = [trial((100, 100.0), (10, 10.0)), trial((1, 10.0), (10, 100.0))]
    _, found = assess_programme(sites, RULES)

    assert found.ratio == pytest.approx(1.0, abs=0.05)
    assert found.verdict in {"NO_CHANGE_SEEN", "INSUFFICIENT_EVIDENCE"}


def test_chance_peaks_before_the_start_are_no_baseline_of_a_pool():
    """Sites that were chosen because they were busy fall back by themselves."""
    peak = {"risen": False, "long_run": Count(20, 200.0), "peak": Count(8, 20.0)}
    sites = [trial((12, 60.0), (6, 60.0), **peak)] * 4

    assert assess_programme(sites, RULES)[1].verdict != "EFFECTIVE"


def test_severe_harm_at_one_site_needs_a_persons_look_at_the_whole():
    """The guard is no average."""
    sites = [*HALVED[:3], replace(HALVED[3], severe_harm_after=1)]

    assert assess_programme(sites, RULES)[1].harm == "rose"


def test_a_pool_without_exposure_on_both_sides_says_nothing():
    """A programme that has only begun has no verdict."""
    assert assess_programme([trial((5, 100.0), (0, 0.0), others_after=Count(0, 0.0))], RULES) is None


def test_a_pool_that_was_effective_relapses_when_its_sites_go_back_together():
    """No site alone shows the relapse; without an effect there was nothing to relapse from."""
    back = [
        replace(one, was_effective=True, early=Count(1, one.after.weight / 2), late=Count(6, one.after.weight / 2))
        for one in HALVED
    ]

    assert {assess(one, RULES).verdict for one in back}.isdisjoint({"RELAPSED"})
    assert assess_programme(back, RULES, was_effective=True)[1].verdict == "RELAPSED"
    assert assess_programme(back, RULES)[1].verdict != "RELAPSED"


def test_a_programme_remembers_that_it_was_effective():
    """An effect seen in spring and lost in autumn is a relapse, though verdicts in between were milder."""
    made = set_up("p", "Handover checklist", [evaluation(site) for site in "abcd"], date(2026, 3, 3), "1")
    days = (date(2025, 12, 1).toordinal(), date(2026, 3, 1).toordinal())
    since = (date(2026, 3, 9).toordinal(), date(2026, 6, 7).toordinal())

    def counted(*trials):
        return {f"e-{site}": SiteTrial(one, True, days, since) for site, one in zip("abcd", trials, strict=True)}

    def judged(programme, *trials, on):
        return assessed(programme, counted(*trials), {}, "Handover", on, DETECTION)

    spring = judged(made, *HALVED, on=date(2026, 6, 7))
    summer = judged(spring, *HALVED[:3], replace(HALVED[3], severe_harm_after=1), on=date(2026, 6, 14))
    parts = [replace(one, early=Count(1, one.after.weight / 2), late=Count(6, one.after.weight / 2)) for one in HALVED]
    autumn = judged(summer, *parts, on=date(2026, 9, 6))

    assert [one.pooled.verdict for one in (spring, summer, autumn)] == ["EFFECTIVE", "PROMISING", "RELAPSED"]


@pytest.mark.parametrize(
    ("evaluations", "said"),
    [
        ([evaluation("a")], "several sites"),
        ([evaluation("a"), replace(evaluation("a"), evaluation_id="other")], "several sites"),
        ([evaluation("a"), evaluation("b", Series(("medication",)))], "cannot be pooled"),
    ],
    ids=["one site", "twice the same site", "another series"],
)
def test_what_may_not_be_pooled_is_refused_by_name(evaluations, said):
    """A pool is set up from what was fixed, one action a site, about one pattern."""
    with pytest.raises(Invalid, match=said):
        set_up("p", "Handover checklist", evaluations, date(2026, 3, 3), "1")


def test_a_programme_keeps_each_sites_figures_and_moves_only_when_they_do():
    """The same review again is no news; a site that was not counted keeps what it had."""
    made = set_up("p", "Handover checklist", [evaluation("b"), evaluation("a")], date(2026, 3, 3), "1")
    assert [site.site_id for site in made.sites] == ["a", "b"]
    days = (date(2025, 12, 1).toordinal(), date(2026, 3, 1).toordinal())
    since = (date(2026, 3, 9).toordinal(), date(2026, 6, 7).toordinal())
    counted = {f"e-{site}": SiteTrial(HALVED[0], True, days, since) for site in "ab"}
    verdicts = {"e-a": "PROMISING"}
    first = assessed(made, counted, verdicts, "Handover", date(2026, 6, 7), DETECTION)
    assert (first.version, first.sites[0].verdict, first.sites[1].verdict) == (2, "PROMISING", None)
    assert first.pooled is not None
    assert (first.pooled.baseline.events, first.pooled.after.events) == (24, 12)
    assert "2 sites, each against its own past" in first.pooled.sentence
    assert assessed(first, counted, verdicts, "Handover", date(2026, 6, 7), DETECTION) is first
    alone = assessed(first, {"e-a": counted["e-a"]}, {}, "Handover", date(2026, 6, 14), DETECTION)
    assert alone.sites[1] == first.sites[1]
