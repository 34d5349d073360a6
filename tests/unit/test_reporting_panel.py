"""The panel in memory: every sum is the one that the facts themselves give, whatever order and time they came in."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest

from services.reporting.adapters import documents as doc
from services.reporting.adapters.panel_rows import care_rows, report_rows
from services.reporting.domain import sums
from services.reporting.domain.buckets import ALL, NONE, Counts, count_domains
from services.reporting.domain.columns import TAIL_MIN, Columns
from services.reporting.domain.facts import DialoguePart, Fact
from services.reporting.domain.heard import Heard, HeardAgain, heard
from services.reporting.domain.heat import NOT_A_RISK
from services.reporting.domain.panel import OWED, REPORT, Panel
from services.reporting.domain.reading import Span
from services.reporting.domain.voices import Voices, marks_of
from services.reporting.domain.windows import windows_of
from shared.taxonomy.loader import load_taxonomy
from tests.benchmarks.large_provider import Size, facts_of, site_of

LAST = date(2026, 11, 16)
SIZE = Size(4, 60, 4, LAST, tuple(load_taxonomy().domains))
WEEK = timedelta(days=7)
SPAN = Span(LAST - 40 * WEEK, LAST - 2 * WEEK)


def some_facts(seed: int = 3) -> list[Fact]:
    """Reports of several sites, some held, withdrawn, unlabelled, disrupted or without a word to the reporter."""
    chance = random.Random(seed)
    found = []
    for number in range(SIZE.sites):
        for fact in facts_of(site_of(number), SIZE, chance):
            assert fact.report is not None
            told = replace(fact.report, withdrawn=chance.random() < 0.1, plan_used=chance.choice((None, True, False)))
            said = fact.dialogue if chance.random() < 0.8 else DialoguePart()
            labels = fact.labels if chance.random() < 0.9 else None
            found.append(replace(fact, report=told, dialogue=said, labels=labels))
    return found


def read(facts: Iterable[Fact]) -> list[doc.Document]:
    """Facts as they are read for a panel."""
    documents = []
    for fact in facts:
        told = fact.report
        words = {"placed": bool(told and told.place), "stopped": bool(told and told.what_stopped_it)}
        documents.append(doc.fact_document(fact) | words)
    return documents


def panel_of(facts: Iterable[Fact]) -> Panel:
    """A panel of facts."""
    panel = Panel()
    panel.reports.put(report_rows(read(facts), panel))
    return panel


def counting(facts: Sequence[Fact], span: Span = SPAN, held: bool = True) -> list[Fact]:
    """The facts that count in a period, for a reader who sees held ones or not."""
    shown = [(fact, fact.shown()) for fact in facts]
    return [f for f, s in shown if s and span.first <= s.week <= span.last and (held or not s.held)]


@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("domain", [ALL, NONE, SIZE.domains[0]])
def test_weekly_counts_are_those_of_the_rows(domain: str, held: bool) -> None:
    """Each week counts as the rows of sites, domains and weeks do: from the same tallies of the same facts."""
    facts = some_facts()
    panel = panel_of(facts)
    told = panel.told(None, held, SPAN.first, SPAN.last)
    found = sums.weeks_of(panel, told, panel.of_domain(told, domain), panel.delivered(None))
    tallies: dict[date, Counter[str]] = defaultdict(Counter)
    for fact in counting(facts, held=held):
        shown = fact.shown()
        assert shown is not None
        tallies[shown.week][shown.tally()] += 1
    wanted = {week: count_domains(tally.items()).get(domain) for week, tally in tallies.items()}
    assert [week.start for week in found] == sorted(wanted)
    told_counts = [wanted[week.start] for week in found]
    assert [week.counts for week in found] == [counts[0] if counts else Counts() for counts in told_counts]


def test_voices_are_those_of_the_reports() -> None:
    """Classes, roles, shifts, waits, and how many are heard from: by site and together, as read one by one."""
    facts = some_facts()
    panel = panel_of(facts)
    found = heard(panel, panel.told(None, True, SPAN.first, SPAN.last))
    of_site: dict[str, list[Fact]] = defaultdict(list)
    for fact in counting(facts):
        of_site[fact.site_id].append(fact)
    assert sorted(found.sites) == sorted(of_site)
    for site, told in of_site.items():
        voices, marks = found.sites[site], [marks_of(f.report, f.dialogue) for f in told if f.report]
        assert voices.reports == len(told)
        assert voices.by_class == Counter(f.shown().event_class for f in told if f.shown())
        assert voices.reporters == len({f.report.reporter_token for f in told if f.report})
        assert (voices.anonymous, voices.closed) == (
            sum(m["anonymous"] for m in marks),
            sum(m["closed"] for m in marks),
        )
        assert voices.no_domain == sum(f.labels is None for f in told)
        hours = sorted(m["feedback"] for m in marks if m["feedback"] is not None)
        assert voices.to_feedback.times == len(hours)
        assert voices.to_feedback.median_hours == pytest.approx(np.median(hours))
        assert voices.to_feedback.p90_hours == pytest.approx(np.quantile(hours, 0.9))
        assert voices.to_feedback.within_a_day == pytest.approx(np.mean([h <= 24 for h in hours]))
        assert voices.shifts == tuple(sorted({m["shift"] for m in marks}))
    together = found.together
    assert together.reporters == sum(v.reporters for v in found.sites.values())
    assert together.to_triage.times == sum(v.to_triage.times for v in found.sites.values())


def test_windows_count_a_report_once_in_a_group() -> None:
    """A report of two domains of one group is one there; what tells of no risk is in none."""
    facts = some_facts()
    panel = panel_of(facts)
    group_of = {name: domain.group for name, domain in load_taxonomy().domains.items()}
    recent, before = Span(LAST - 7 * WEEK, LAST), Span(LAST - 50 * WEEK, LAST - 8 * WEEK)
    told = panel.told(None, True, before.first, recent.last)
    sites = ["site-001", "site-002", "unknown"]
    found = windows_of(panel, told, panel.delivered(None), sites, before, recent, group_of)
    wanted: Counter[tuple[str, bool, str]] = Counter()
    for fact in counting(facts, Span(before.first, recent.last)):
        shown = fact.shown()
        assert shown is not None
        if shown.event_class not in NOT_A_RISK:
            for group in {group_of[name] for name in shown.domains}:
                wanted[fact.site_id, shown.week >= recent.first, group] += 1
    for site in sites[:2]:
        for late, numbers in ((True, found[site].recent_groups), (False, found[site].before_groups)):
            assert numbers == {group: n for (s, when, group), n in wanted.items() if (s, when) == (site, late)}
    assert found["unknown"].recent == {}


def test_a_panel_kept_up_is_a_panel_read_anew() -> None:
    """Amended, withdrawn and moved reports, many or few at a time: the same sums as from all facts at the end."""
    chance, facts = random.Random(5), some_facts()
    kept = panel_of(facts[: len(facts) // 2])
    now, again = list(facts), HeardAgain()
    for turn in range(30):
        changed = chance.sample(range(len(now)), (80, 1, 5)[turn % 3])
        for at in changed:
            told = now[at].report
            assert told is not None
            moved = told.reported_at + timedelta(days=chance.choice((0, 0, 7, -21)))
            now[at] = replace(
                now[at],
                report=replace(told, revision=told.revision + 1, reported_at=moved, withdrawn=chance.random() < 0.3),
                labels=chance.choice(facts).labels,
            )
        kept.reports.put(report_rows(read(now[at] for at in changed), kept))
        told = kept.told(None, turn % 2 == 0, SPAN.first, SPAN.last)
        assert again.of(kept, told, turn % 2) == heard(kept, told)
    kept.reports.put(report_rows(read(now[len(now) // 2 :]), kept))
    kept.reports.put(report_rows(read(now), kept))
    fresh = panel_of(now)
    filled = panel_of([])
    filled.reports = Columns.filled(REPORT, len(now), [report_rows(read(now), filled)])
    read_in_parts = filled.told(None, True, SPAN.first, SPAN.last)
    assert again.of(filled, read_in_parts, SPAN) == heard(filled, read_in_parts) != Heard({}, Voices(""))
    for span in (SPAN, Span(LAST - 90 * WEEK, LAST)):
        one, other = (panel.told(None, True, span.first, span.last) for panel in (kept, fresh))
        assert sums.counts_by_site(kept, one) == sums.counts_by_site(fresh, other)
        assert sums.domains_by_site(kept, one) == sums.domains_by_site(fresh, other)
        assert again.of(kept, one, span) == heard(kept, one) == heard(fresh, other)
        key = {"key": lambda tally: (tally.site_id, tally.week, tally.domains, tally.event_class)}
        assert sorted(sums.tallies_of(kept, one), **key) == sorted(sums.tallies_of(fresh, other), **key)


def test_the_tail_stays_short() -> None:
    """Whatever comes one by one is sorted in before looking through it costs more than the sorted rows."""
    panel, facts = Panel(), some_facts()
    for number, fact in enumerate(facts * 4):
        one = replace(fact, report_id=f"{fact.report_id}-{number}")
        panel.reports.put(report_rows(read([one]), panel))
    weeks = panel.reports["week"]
    unsorted = sum(later < earlier for earlier, later in pairwise(weeks.tolist()))
    assert 0 < unsorted <= TAIL_MIN


def test_what_is_out_of_reach_is_left_out() -> None:
    """A reader of one site counts that one's reports alone; an unknown site has none."""
    facts = some_facts()
    panel = panel_of(facts)
    told = panel.told(frozenset({"site-001", "nowhere"}), False, SPAN.first, SPAN.last)
    assert set(sums.counts_by_site(panel, told)) == {"site-001"}
    assert len(told) == len([f for f in counting(facts, held=False) if f.site_id == "site-001"])
    assert len(panel.told(frozenset({"nowhere"}), True)) == 0


def test_feedback_is_owed_until_the_reporter_heard_back() -> None:
    """Of reports told live; those of a feed or of history are owed none."""
    facts = some_facts()
    panel = panel_of(facts)
    told = panel.told(None, True, SPAN.first, SPAN.last)
    owed = [f for f in counting(facts) if f.dialogue is None or f.dialogue.feedback_at is None]
    assert int(panel.has(told, OWED).sum()) == len(owed)


def test_care_is_added_up_where_one_unit_covers_all() -> None:
    """A week in which one site told something and no care has no denominator; totals name the weeks covered."""
    facts = [fact for fact in some_facts() if fact.shown()]
    panel = panel_of(facts)
    sites = sorted({fact.site_id for fact in facts})
    bare = LAST - 10 * WEEK
    rows = [
        {"_id": f"{site}|{week}", "site": site, "week": week.isoformat(), "exposure": 2.5, "exposure_unit": "visits"}
        for site in sites
        for week in (LAST - n * WEEK for n in range(60))
        if week != bare or site != sites[0]
    ]
    panel.care.put(care_rows(rows, panel))
    told = panel.told(None, True, SPAN.first, SPAN.last)
    care = panel.delivered(None, SPAN.first, SPAN.last)
    weeks = {week.start: week for week in sums.weeks_of(panel, told, told, care)}
    assert weeks[bare].exposure is None
    assert weeks[bare + WEEK].exposure == 2.5 * len(sites)
    totals = sums.totals_by_site(panel, told, care)
    assert totals[sites[0]].weeks_covered == SPAN.weeks - 1
    assert totals[sites[1]].covered["visits"] == totals[sites[1]].counts
    gone = [{**rows[5], "exposure": None, "exposure_unit": None}]
    panel.care.put(care_rows(gone, panel))
    assert len(panel.delivered(None)) == len(rows) - 1
