"""The pages in a browser's eyes: answer first, every number a link, strict policy, small, escaped."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta

import httpx
import pytest

from services.reporting.adapters.log_progress import LogProgress
from shared.kernel.principal import Role
from tests.support import reporting as say
from tests.support.reporting import MONDAY, NOW, World, open_world

pytestmark = pytest.mark.engines
PAGE = "/providers/rowan-care"
HTML = {"accept": "text/html,application/xhtml+xml"}
SITES = tuple(f"site-{number:02d}" for number in range(12))


@pytest.fixture
async def world(mongodb_uri: str, database_prefix: str) -> AsyncIterator[World]:
    async with open_world(mongodb_uri, database_prefix) as opened:
        yield opened


async def eight_weeks(world: World) -> None:
    """Twelve sites, eight weeks, a few reports of each site in each week, exposure, questions and actions."""
    events = [say.provider()]
    for position, site_id in enumerate(SITES):
        events.append(say.site(site_id, f"House {position} of the Long Lane"))
        for week in range(8):
            monday = MONDAY - timedelta(days=7 * week)
            events.append(say.exposure(site_id, monday, 300 + week))
            for number in range(1 + (position + week) % 4):
                told = datetime.combine(monday + timedelta(days=number), time(9), UTC)
                report_id = f"{site_id}-{week}-{number}"
                events.append(say.report(report_id, site_id, reported_at=told))
                events.append(say.classified(report_id, event_class="HAZARD" if number else "NEAR_MISS", site=site_id))
    events += [say.signal(f"s{n}", SITES[n], report_ids=(f"{SITES[n]}-0-0",)) for n in range(3)]
    events += [say.action(f"a{n}", SITES[n], report_ids=(f"{SITES[n]}-0-0",)) for n in range(3)]
    for start in range(0, len(events), 500):
        await world.fold(*events[start : start + 500])


async def page(client: httpx.AsyncClient, address: str = PAGE) -> str:
    answer = await client.get(address, headers=HTML)
    assert answer.status_code == 200, answer.text
    return answer.text


def words(text: str) -> str:
    """What a reader reads: without markup, spaces joined."""
    without = re.sub(r"<(title|desc)\b.*?</\1>", "", text, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", without)))


async def test_twelve_sites_over_eight_weeks_fit_into_sixty_kilobytes(world: World) -> None:
    """The page stays small enough for a poor connection, with thirteen charts and tables behind them."""
    await eight_weeks(world)
    text = await page(world.client(Role.GOVERNANCE))
    assert text.count("<svg") == 14, "one for each site, and the whole drawn wide and narrow"
    assert text.count("<details>") == 2, "the small charts share one table"
    assert len(text.encode()) < 60_000


async def test_the_policy_is_strict_and_the_page_keeps_to_it(world: World) -> None:
    """No script, no inline style, no event handler, nothing from elsewhere; the stylesheet is ours, for a year."""
    await eight_weeks(world)
    answer = await world.client(Role.GOVERNANCE).get(PAGE, headers=HTML)
    policy = answer.headers["content-security-policy"]
    assert policy == (
        "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert re.findall(r"<script|<style|\sstyle=|\son[a-z]+=|https?://|<iframe|<object", answer.text) == []
    (sheet,) = re.findall(r'<link rel="stylesheet" href="(/static/pages\.[0-9a-f]{12}\.css)">', answer.text)
    css = await world.client(Role.FEED, signed_in=False).get(sheet)
    assert (css.status_code, "immutable" in css.headers["cache-control"]) == (200, True)
    assert (await world.client(Role.FEED, signed_in=False).get("/static/pages.css")).status_code == 404


async def test_every_number_on_the_page_leads_to_exactly_its_reports(world: World) -> None:
    """Each linked count equals the number at the top of the list behind it."""
    await eight_weeks(world)
    client = world.client(Role.GOVERNANCE)
    text = await page(client)
    links = {
        (html.unescape(href), int(number.replace(",", "")))
        for href, number in re.findall(r'<a href="([^"#]+)">([\d,]+)(?: reports?| seen)?</a>', text)
        if "reports?" in href and "signal=" not in href and "action=" not in href
    }
    assert len(links) > 120
    for href, number in sorted(links)[::9]:
        listed = await page(client, f"/providers/{href}")
        assert f"{number:,} report" in words(re.findall(r"<h1>(.*?)</h1>", listed)[0]), href
    behind_signal = await page(client, f"{PAGE}/reports?signal=s0")
    assert "<h1>1 report</h1>" in behind_signal


async def test_the_answer_comes_first(world: World) -> None:
    """The first sentence has last week's figure, its usual range, and what is open."""
    await eight_weeks(world)
    (lead,) = re.findall(r'<p class="answer">(.*?)</p>', await page(world.client(Role.GOVERNANCE)), re.S)
    said = words(lead)
    assert "Staff sent 30 reports in the week from Mon 16 Nov 2026, 12 of them near misses." in said
    assert "That is within the range of the 7 weeks before (30 to 30)." in said
    assert "3 questions from the data are open, and 3 actions." in said


async def test_questions_and_actions_are_told_in_full(world: World) -> None:
    """A question shows what was seen against what was expected; an action its status, owner and date."""
    await world.fold(
        say.provider(), say.site(), say.report("r1"), say.signal("s1"), say.action("a1", due_on=date(2026, 11, 20))
    )
    said = words(await page(world.client(Role.GOVERNANCE)))
    assert "Medicines at handover: is something new at shift change?" in said
    assert "9 seen, about 3.1 expected · Elm House · Mon 26 Oct 2026 to Sun 15 Nov 2026" in said
    assert "Rule rising-rate 1." in said
    for piece in ("Structured medication handover checklist", "Proposed, 0 of 1 step done", "Registered manager"):
        assert piece in said
    assert re.search(r"Fri 20 Nov 2026 · 1 report Overdue|Fri 20 Nov 2026 Overdue", said)


async def test_text_from_outside_is_escaped_everywhere(world: World) -> None:
    """Names, questions, titles, words and report text are shown as text."""
    bad = "<script>alert('x')</script>"
    await world.fold(
        say.provider(name=bad),
        say.site(name=bad),
        say.report("r1", text=bad, what_stopped_it=bad),
        say.classified("r1", [bad[:60]], bad[:60]),
        say.signal("s1", question=bad, series={"domains": (bad[:60],)}),
        say.action("a1", title=bad, owner_role=bad[:60]),
    )
    client = world.client(Role.GOVERNANCE)
    for address in (PAGE, f"{PAGE}/reports", f"{PAGE}/reports?site=elm-house&domain={bad}&class={bad}"):
        text = await page(client, address)
        assert "<script" not in text
        assert "&lt;script&gt;" in text


async def test_a_manager_sees_the_own_sites_and_nothing_held(world: World) -> None:
    """Another site and a held report are neither named nor counted."""
    await world.fold(
        say.provider(),
        say.site(),
        say.site("willow-grange", "Willow Grange"),
        say.report("r1"),
        say.report("r2", visibility="held", text="held words"),
        say.report("r3", "willow-grange"),
    )
    client = world.client(Role.MANAGER, sites=frozenset({"elm-house"}))
    text = await page(client)
    assert "Willow Grange" not in text
    assert "Staff at your sites sent 1 report in the week" in words(text)
    listed = await page(client, f"{PAGE}/reports")
    assert "<h1>1 report</h1>" in listed
    assert "held words" not in listed
    whole = await page(world.client(Role.GOVERNANCE), f"{PAGE}/reports")
    assert "held words" in whole
    assert "Held from the site" in whole


async def test_an_analyst_reads_no_words_of_reports(world: World) -> None:
    """The list shows labels without text, and says so."""
    await world.fold(say.provider(), say.site(), say.report("r1", text="what staff wrote"))
    text = await page(world.client(Role.ANALYST), f"{PAGE}/reports")
    assert "what staff wrote" not in text
    assert "not the words of reports" in text


async def test_invented_data_is_called_so_on_every_page(world: World) -> None:
    """A synthetic provider's pages carry the banner, another's do not."""
    await world.fold(say.provider(), say.site(), say.report("r1"))
    client = world.client(Role.GOVERNANCE)
    assert ["Invented data." in await page(client, a) for a in (PAGE, f"{PAGE}/reports")] == [True, True]
    await world.fold(say.provider("Real Group (invented)", "other-care", synthetic=False))
    assert "Invented data." not in await page(
        world.client(Role.GOVERNANCE, tenant="other-care"), "/providers/other-care"
    )


async def test_a_provider_without_anything_gets_a_page_that_says_so(world: World) -> None:
    """Nothing yet is a designed state, also before the registry has told of the provider."""
    said = words(await page(world.client(Role.GOVERNANCE)))
    assert "There is nothing to show for this period yet." in said
    assert "Once sites are registered and staff send reports" in said


async def test_old_reports_are_pointed_to(world: World) -> None:
    """Where the last weeks are empty, the page says when the last reports were and leads there."""
    told = datetime(2024, 3, 6, 9, tzinfo=UTC)
    await world.fold(say.provider(), say.site(), say.report("r1", reported_at=told))
    client = world.client(Role.GOVERNANCE)
    text = await page(client)
    assert "no reports in the week from Mon 16 Nov 2026" in words(text)
    (href,) = set(re.findall(r'href="(/providers/rowan-care\?until=2024-03-04)"', text))
    assert "Staff sent 1 report in the week from Mon 4 Mar 2024" in words(await page(client, href))


async def test_a_first_week_that_still_runs_is_shown(world: World) -> None:
    """Reports of this week alone are told, although no week is complete."""
    await world.fold(say.provider(), say.site(), say.report("r1", reported_at=NOW))
    said = words(await page(world.client(Role.GOVERNANCE)))
    assert "The first reports came in this week: 1 report." in said


async def test_a_stale_page_says_by_how_much(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the log runs ahead, the banner says by how many minutes and that nothing is lost."""
    monkeypatch.setattr(LogProgress, "complete_until", property(lambda self: NOW - timedelta(minutes=17)))
    await world.fold(say.provider(), say.site(), say.report("r1"))
    said = words(await page(world.client(Role.GOVERNANCE)))
    assert "This page is behind by 17 minutes." in said
    assert "are safe and not shown yet" in said
    monkeypatch.setattr(LogProgress, "complete_until", property(lambda self: NOW))
    fresh = words(await page(world.client(Role.GOVERNANCE)))
    assert "This page is behind" not in fresh
    assert "Everything that was in the log by Wed 25 Nov 2026, 09:30 is counted (0 minutes behind)." in fresh


async def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(world: World) -> None:
    """A browser is redirected with where it wanted to go; a program gets the problem."""
    client = world.client(Role.GOVERNANCE, signed_in=False)
    answer = await client.get(f"{PAGE}?until=2026-11-09", headers=HTML)
    wanted = "/in/sign-in?next=%2Fproviders%2Frowan-care%3Funtil%3D2026-11-09"
    assert (303, wanted) == (answer.status_code, answer.headers["location"])
    assert (await client.get("/v1/sites", headers=HTML)).status_code == 401


async def test_the_start_leads_to_the_own_provider(world: World) -> None:
    """A provider's people land on its page; the operator of all chooses."""
    answer = await world.client(Role.GOVERNANCE).get("/", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    await world.fold(say.provider())
    assert 'href="/providers/rowan-care"' in await page(world.client(Role.OPERATOR, tenant="*"), "/")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/providers/other-care", 404),
        ("/providers/other-care/reports", 404),
        (f"{PAGE}/reports?site=no-house", 404),
        (f"{PAGE}/reports?signal=none", 404),
        (f"{PAGE}/reports?action=none", 404),
        (f"{PAGE}?until=soon", 422),
        (f"{PAGE}?until=0001-01-01", 422),
        (f"{PAGE}?until=9999-12-31", 422),
        (f"{PAGE}/reports?to=9999-12-31", 422),
        (f"{PAGE}/reports?from=2026-11-16&to=2026-11-02", 422),
        ("/nowhere", 404),
    ],
)
async def test_errors_are_pages_for_people(world: World, address: str, status: int) -> None:
    """What goes wrong is told as a page with the same strict headers and what to do."""
    answer = await world.client(Role.GOVERNANCE).get(address, headers=HTML)
    assert (status, "text/html; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "Go to the start page" in answer.text


async def test_markup_is_sound(world: World) -> None:
    """One first heading, no skipped levels, unique ids, every referenced id there, every table with heads."""
    await eight_weeks(world)
    client = world.client(Role.GOVERNANCE)
    for address in (PAGE, f"{PAGE}/reports"):
        text = await page(client, address)
        levels = [int(level) for level in re.findall(r"<h([1-6])\b", text)]
        assert (levels[0], levels.count(1)) == (1, 1)
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
        ids = re.findall(r'\sid="([^"]+)"', text)
        assert len(set(ids)) == len(ids)
        named = {name for names in re.findall(r'aria-labelledby="([^"]+)"', text) for name in names.split()}
        assert named | set(re.findall(r'href="#([^"]+)"', text)) <= set(ids)
        assert text.count("<table>") == text.count("<thead>")
