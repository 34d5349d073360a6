"""A house with something on each of its pages: a question, a remedy with a verdict, a duty, a routine, a meeting."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import httpx

from services.actions.adapters.store import MongoStore
from services.actions.adapters.work import MongoWork
from services.actions.domain.detection.one_series import Series
from services.actions.domain.evaluations import Evaluation, Span, Verdict, evaluation_id
from services.actions.domain.oversight import repeats
from services.actions.domain.oversight.repeats import Repeat
from services.actions.domain.programmes import Programme, set_up
from services.actions.domain.signals import Signal
from services.actions.ports import Act
from shared.kernel.clock import london_date, week_start
from shared.kernel.principal import Role
from shared.taxonomy.detection_data import load_detection_data
from shared.taxonomy.loader import load_taxonomy
from tests.support.actions import House, asset, classified, corrected, exposed, registered, report

PREFIX = "/act"
SERIES = Series(("medication", "handover"))
DATA = load_detection_data(load_taxonomy())


def today(house: House) -> date:
    """The present day in England, as the service has it."""
    return london_date(house.runtime.clock.now())


def store_of(house: House) -> MongoStore:
    """A second store over the service's database."""
    return MongoStore(house.runtime.mongo, house.runtime.clock, "test", 60_000, lambda: None)


def signal_of(day: date, **changes: Any) -> Signal:
    """A question of last week, about three reports."""
    fields: dict[str, Any] = {
        "signal_id": "5b7f9d1e-0000-5a7a-8a35-b1ec1a4a0001", "provider_id": "p", "site_id": "s", "version": 1,
        "status": "open", "kind": "rising_rate", "finding": "rising|1", "series": SERIES,
        "window_from": day - timedelta(days=20), "window_to": day, "observed": 3, "expected": 0.8, "exposure": 60.0,
        "exposure_unit": "occupied_bed_days", "report_ids": ("r0", "r1", "r2"),
        "question": "Medicines at handover at Elm House: 3 reports, about 0.8 expected. Is something new?",
        "rule": "rising_rate", "rule_version": "2026.11-1", "raised_on": day, "as_of": day, "sites": ("s",),
    }  # fmt: skip
    return Signal(**(fields | changes))


def evaluation_of(action_id: str, day: date, **changes: Any) -> Evaluation:
    """A remedy of eight weeks ago that looks like a fall."""
    started = day - timedelta(weeks=8)
    before, after = (started - timedelta(weeks=8), started - timedelta(days=1)), (started + timedelta(days=7), day)
    verdict = Verdict(
        verdict="PROMISING", on=day, baseline=Span(*before, 9, 480.0), after=Span(*after, 2, 420.0), rate_ratio=0.25,
        ci_low=0.03, ci_high=1.22, events_needed=8, weeks_more=6, harm_guard="too_few_to_tell", reasons=(),
        sentence="Medicines at handover at Elm House: 2 since the start, where about 8 would have come.",
        rule_version="2026.11-1",
    )  # fmt: skip
    fields: dict[str, Any] = {
        "evaluation_id": evaluation_id("p", action_id), "provider_id": "p", "site_id": "s", "version": 2,
        "action_id": action_id, "line_id": "l1", "series": SERIES, "started_on": started, "baseline_from": before[0],
        "baseline_to": before[1], "baseline_is_a_rise": False, "wash_in_days": 7,
        "review_on": (day, day + timedelta(days=60)), "process_measure": "Signed checklists",
        "exposure_unit": "occupied_bed_days", "rule_version": "2026.11-1", "visibility": "site", "verdict": verdict,
    }  # fmt: skip
    return Evaluation(**(fields | changes))


async def told(house: House, *ids: str, back: int = 0, **changes: Any) -> None:
    """Reports about medicines at handover, one a day up to so many days ago."""
    day = today(house) - timedelta(days=back)
    for number, name in enumerate(ids):
        await house.fold(report(name, day - timedelta(days=number), **changes), classified(name))


async def raised(house: House, **changes: Any) -> Signal:
    """A question as a review run would leave it."""
    made = signal_of(today(house), **changes)

    async def work(work: MongoWork) -> None:
        await work.signals.save(made, "raised", work.now)

    await store_of(house).run(work)
    return made


async def judged(house: House, action_id: str, **changes: Any) -> None:
    """A verdict as a review run would leave it."""
    state = evaluation_of(action_id, today(house), **changes)

    async def work(work: MongoWork) -> None:
        await work.signals.save_evaluation(state, None, work.now, False)

    await store_of(house).run(work)


async def asked_again(house: House) -> Repeat:
    """A question about similar events without an action, as a review run would leave it."""
    pack = DATA.pack_on(today(house))
    made = repeats.asked(
        signal_of(today(house)), pack, DATA.version, "Northshire County Council", house.runtime.clock.now()
    )

    async def work(work: MongoWork) -> None:
        await work.repeats.save(made, Act("RepeatAsked", "system", "", work.now))

    await store_of(house).run(work)
    return made


async def joined_up(house: House, evaluation: Evaluation) -> Programme:
    """A remedy at two sites with a verdict over both, as the weekly review would leave it."""
    other = replace(evaluation, evaluation_id="e-other", site_id="other", action_id="a-other", line_id="l2")
    made = set_up("p", "Handover checklist everywhere", [evaluation, other], today(house), "2026.11-1")
    verdict = evaluation.verdict
    assert verdict is not None
    sites = tuple(
        replace(site, baseline=verdict.baseline, after=verdict.after, verdict="PROMISING") for site in made.sites
    )
    judged_now = replace(made, sites=sites, pooled=verdict)

    async def work(work: MongoWork) -> None:
        await work.programmes.save(judged_now, Act("ProgrammeAssessed", "system", "", work.now))

    await store_of(house).run(work)
    return judged_now


async def grave(house: House) -> list[str]:
    """A report that could have killed and is escalated: its card, its duty, its escalation and who was told."""
    day = today(house)
    await house.fold(
        report("grave", day, received_at=house.runtime.clock.now(), text="Found unresponsive, ambulance called."),
        corrected(
            "grave", potential_severity="death", how_caught=["luck"], escalate=["police"], domains=["medication"]
        ),
        report("reached", day), corrected("reached", escalate=["harm_occurred"], domains=["medication"]),
    )  # fmt: skip
    async with house.client(Role.GOVERNANCE, subject="lead") as lead:
        card = (await lead.get("/v1/cards")).json()["cards"][0]["card_id"]
        duty = (await lead.get("/v1/duties")).json()["duties"][0]["duty_id"]
    return [f"/cards/{card}", "/told/reached", "/told/grave", f"/duties/{duty}", "/escalations/grave"]


async def _made(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await client.post(path, json=body)
    assert answer.status_code in (200, 201), answer.text
    made: dict[str, Any] = answer.json()
    return made


async def furnished(house: House) -> list[str]:
    """Put something on each page, and return the pages' addresses behind the front door."""
    day = today(house)
    await house.fold(registered(), registered("other", "Other House"))
    monday = week_start(day)
    weeks = range((monday - date(2026, 3, 2)).days // 7 - 20, (monday - date(2026, 3, 2)).days // 7)
    await house.fold([exposed(week, 60.0) for week in weeks])
    await told(house, "r0", "r1", "r2")
    await told(house, "g0", back=3, worry=4)
    graves = await grave(house)
    await house.fold(asset("hoist-3", "Mobile hoist"), asset("lift-1", "Passenger lift"))
    signal = await raised(house)
    async with house.client(Role.GOVERNANCE, subject="lead") as lead:
        own = {"title": "Move the rack", "strength": "weaker", "owner_role": "maintenance_lead",
               "steps": [{"title": "Move it", "evidence_asked": "How many hang there"}]}  # fmt: skip
        task = await _made(lead, "/v1/actions", site="s", signal_id=signal.signal_id, **own)
        await judged(house, task["action_id"])
        fault = await _made(
            lead, "/v1/faults", site="s", asset="hoist 3", reason="The clip does not close.", owner="contractor"
        )
        proposal = await _made(lead, "/v1/actions", site="s", playbook="fire-routes-and-doors")
        due = (day + timedelta(days=14)).isoformat()
        task = await _made(lead, f"/v1/actions/{task['action_id']}:accept", version=1, due_on=due)
        paths = [f"/signals/{signal.signal_id}", f"/actions/{task['action_id']}", f"/actions/{proposal['action_id']}"]
        paths.append(f"/actions/{task['action_id']}/steps/{task['steps'][0]['step_id']}")
        for kind in ("checklist", "inspection", "verification"):
            made = await _made(
                lead, "/v1/routines", site="s", title=f"A {kind}", kind=kind, rule="FREQ=DAILY",
                starts_on=day.isoformat(), owner_role="maintenance_lead", steps=["Look", "Write"],
            )  # fmt: skip
            listed = await lead.get("/v1/occurrences", params={"routine": made["routine_id"], "site": "s"})
            paths.append(f"/occurrences/{listed.json()['occurrences'][0]['occurrence_id']}")
        paths.append(f"/routines/{made['routine_id']}")
        entry = await _made(
            lead, "/v1/learning", you_said="A clip was cracked.", we_did="Clips are checked.", alert=True
        )
        meeting = await _made(lead, "/v1/meetings", held_on=day.isoformat())
        paths += [f"/learning/{entry['learning_id']}", f"/meetings/{meeting['meeting_id']}"]
    repeat = await asked_again(house)
    programme = await joined_up(house, evaluation_of(task["action_id"], day))
    paths += [f"/repeats/{repeat.repeat_id}", f"/assets/{fault['fault_id']}", f"/programmes/{programme.programme_id}"]
    month = f"{day:%Y-%m}"
    lists = ("/signals", "/board", "/board/new", "/escalations", "/routines", "/routines/new", "/meetings", "/learning")
    more = ("/learning/new", "/huddles", f"/huddles/s/{month}", "/calendars", "/cards")
    parts = ("/repeats", "/assets", "/assets/out", "/programmes", "/programmes/new")
    return [PREFIX + path for path in (*lists, *more, *parts, *graves, *paths)]
