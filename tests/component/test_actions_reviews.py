"""Review runs on a real mongod: replayed, live, repeated, after a standstill."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from services.actions.adapters.routine_book import MongoRoutineBook
from services.actions.adapters.store import MongoStore
from services.actions.adapters.watch import WatchReader
from services.actions.domain.detection.series import SeriesBook
from services.actions.domain.watch.day import run_day
from services.actions.routes.timer import review_once
from services.actions.usecases.reviews import Patience, Reviews
from services.actions.usecases.routine_run import RoutineRun
from shared.contracts.intake import ReportWithdrawn
from shared.kernel.clock import FixedClock, start_of_day
from shared.kernel.errors import Unavailable
from shared.kernel.principal import Role
from shared.taxonomy.detection_data import load_detection_data
from shared.taxonomy.loader import load_taxonomy
from tests.support.actions import MONDAY, classified, exposed, open_house, registered, report

pytestmark = pytest.mark.engines
FITS_NOTHING = (("medication",), ())
SUNDAY = MONDAY + timedelta(days=15 * 7 - 1)
DATA = load_detection_data(load_taxonomy())
WATCH = partial(run_day, data=DATA, book=SeriesBook(DATA))


@pytest.fixture
async def house(mongodb_uri, database_prefix):
    async with open_house(mongodb_uri, database_prefix) as opened:
        yield opened


def weekly(counts, replay=True, prefix="w", **changes) -> list:
    """So many medicine reports spread over each week, each of another event in other words."""
    events = []
    for week, count in enumerate(counts):
        for number in range(count):
            name = f"{prefix}{week}-{number}"
            day = MONDAY + timedelta(weeks=week, days=2 * number % 7)
            text = f"{prefix}alpha{week} beta{number} gamma{week}x{number} noted."
            events += [report(name, day, replay=replay, text=text, **changes), classified(name, FITS_NOTHING)]
    return events


async def replay(house, first: date = MONDAY, last: date = SUNDAY, **changes):
    body = {"provider_id": "p", "from": first.isoformat(), "to": last.isoformat()} | changes
    async with house.client(Role.OPERATOR, tenant="*") as operator:
        return await operator.post("/v1/replay", json=body)


async def test_a_replay_raises_updates_and_closes_as_of_its_days(house):
    """The rise is found as the Sunday ends on which it could first be known, and is dated by that moment."""
    await house.fold(registered(), weekly([1] * 12 + [4] * 3 + [1] * 6))

    answer = await replay(house, last=MONDAY + timedelta(days=21 * 7 - 1))

    assert answer.status_code == 200, answer.text
    events = await house.events()
    assert [(event.type, event.signal.observed, event.signal.version) for event in events] == [
        ("SignalRaised", 12, 1),
        ("SignalUpdated", 13, 2),
        ("SignalClosed", 15, 3),
    ]
    raised = events[0]
    assert raised.replay
    assert raised.signal.series.domains == ("medication",)
    assert raised.signal.raised_on == SUNDAY + timedelta(days=1)
    assert raised.effective_at == start_of_day(raised.signal.raised_on)
    assert raised.signal.question.startswith("Medicines at Elm House: 12 reports from ")
    assert (raised.signal.expected, raised.signal.sites) == (3.0, ("s",))
    assert len(raised.signal.report_ids) == raised.signal.observed
    assert answer.json() == {"days": 21 * 7, "signals_raised": 1, "signals_updated": 1, "signals_closed": 1}


async def test_a_second_replay_changes_nothing(house):
    """The same call answers that there was nothing to do, and a longer one does only the rest."""
    await house.fold(registered(), weekly([1] * 12 + [4] * 3 + [1] * 2))
    await replay(house)
    before = (await house.events(), await house.state("signals"))

    again = await replay(house)
    assert again.json() == {"days": 0, "signals_raised": 0, "signals_updated": 0, "signals_closed": 0}
    assert (await house.events(), await house.state("signals")) == before
    longer = await replay(house, last=SUNDAY + timedelta(days=7))
    assert longer.json()["days"] == 7


async def test_a_replay_that_broke_off_goes_on_where_it_was(house):
    """Days done stay done; the whole gives what an unbroken one gives."""
    await house.fold(registered(), weekly([1] * 12 + [4] * 3))
    await replay(house, last=SUNDAY - timedelta(days=30))
    await house.db["reviews"].update_one({"_id": "p"}, {"$set": {"replayed": []}})

    whole = await replay(house)

    assert whole.json()["days"] == 15 * 7
    events = await house.events("SignalRaised")
    assert len(events) == len({event.signal.signal_id for event in events})


async def test_backfill_and_held_reports_raise_nothing(house):
    """History of another time, and reports that a site may not see, are not in a site's signals."""
    await house.fold(registered(), weekly([1] * 12 + [8] * 3, prefix="b", origin="backfill"))
    await house.fold(weekly([1] * 15), [])
    await house.fold(weekly([0] * 12 + [4] * 3, prefix="h", visibility="held"))

    assert (await replay(house)).json()["signals_raised"] == 0
    assert await house.state("findings") == []


async def test_what_is_withdrawn_or_held_later_leaves_an_open_signal(house):
    """The signal is said again without the report, as of the next Sunday."""
    await house.fold(registered(), weekly([1] * 12 + [4] * 3))
    await replay(house)
    await house.fold(
        report("w13-0", MONDAY + timedelta(weeks=13), ReportWithdrawn, 2),
        report("w14-0", MONDAY + timedelta(weeks=14), revision=2, visibility="held"),
    )

    await replay(house, last=SUNDAY + timedelta(days=7))

    raised, updated = await house.events()
    assert set(raised.signal.report_ids) - set(updated.signal.report_ids) == {"w13-0", "w14-0"}
    assert (updated.type, updated.signal.observed, updated.signal.version) == ("SignalUpdated", 10, 2)


async def test_a_report_that_comes_late_counts_from_the_next_review_on(house):
    """What was said of a day that is over stays; the rise is found as of the Sunday after the reports came."""
    await house.fold(registered(), weekly([1] * 12 + [1] * 3))
    await replay(house)
    assert await house.events() == []
    await house.fold(weekly([0] * 12 + [6] * 3, prefix="late"))

    await replay(house, last=SUNDAY + timedelta(days=7))

    (raised,) = await house.events("SignalRaised")
    assert raised.signal.raised_on == SUNDAY + timedelta(days=8)


async def test_a_withdrawn_report_is_out_of_the_review(house):
    """Nine of twelve withdrawn leave nothing to ask about."""
    rise = weekly([1] * 12 + [4] * 3)
    gone = [report(f"w{week}-{n}", MONDAY, ReportWithdrawn, 2) for week in (12, 13, 14) for n in (1, 2, 3)]
    await house.fold(registered(), rise, gone)

    assert (await replay(house)).json()["signals_raised"] == 0


async def test_exposure_loaded_for_the_time_before_the_first_report_makes_no_rise(house):
    """A provider that starts to report is not getting worse: its past begins with its first report."""
    await house.fold(registered(), [exposed(week, 280) for week in range(15)], weekly([0] * 11 + [3] * 4))

    assert (await replay(house)).json()["signals_raised"] == 0


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"provider_id": "nobody"}, 404),
        ({"to": "2026-03-01"}, 422),
        ({"to": "2099-01-01"}, 422),
        ({"from": "2001-01-01"}, 422),
        ({"from": "0001-01-01", "to": "0001-01-02"}, 422),
        ({"to": "9999-12-31"}, 422),
        ({"from": "someday"}, 422),
    ],
)
async def test_a_replay_of_wrong_days_or_of_nobody_is_refused(house, changes, status):
    """Days in order, over, and not too many; a provider that is known."""
    await house.fold(registered())

    answer = await replay(house, **changes)

    assert answer.status_code == status
    assert await house.state("reviews") == []


async def test_a_replay_does_not_judge_what_was_not_yet_read(house):
    """Where the inputs lag it waits, and then says so."""
    await house.fold(registered())
    house.log_read = False

    answer = await replay(house)

    assert answer.status_code == 503
    assert "have not been read to their end" in answer.json()["detail"]


def live(house, clock: FixedClock, holder: str = "me") -> tuple[MongoStore, Reviews]:
    """Reviews by a clock of the test's own."""
    store = MongoStore(house.runtime.mongo, clock, holder, 60_000, house.runtime.wake)
    reading = WatchReader(house.runtime.mongo)
    routines = RoutineRun(store, store, MongoRoutineBook(house.runtime.mongo, holder, 60_000), ahead_weeks=6)
    return store, Reviews(store, reading, house.runtime, clock, WATCH, Patience(6.0, 0.3), routines, store, DATA)


async def last_day(house) -> str | None:
    reviews = await house.state("reviews")
    return reviews[0]["last_day"] if reviews else None


async def test_a_day_is_reviewed_when_what_was_there_at_its_end_has_been_read(house):
    """Not before midnight in England, not before the log is read, then at once."""
    await house.fold(registered())
    first_seen = date(2026, 3, 1)
    clock = FixedClock(datetime(2026, 3, 1, 23, 59, tzinfo=UTC))
    store, reviews = live(house, clock)
    house.log_read = False

    await review_once(store, reviews)
    assert await last_day(house) is None
    clock.moment += timedelta(minutes=2)
    await review_once(store, reviews)
    assert await last_day(house) is None
    house.log_read = True
    await review_once(store, reviews)
    assert await last_day(house) == first_seen.isoformat()


async def test_a_day_is_reviewed_six_hours_after_it_was_due_at_the_latest(house):
    """A partition that stands still, or a broker that is away, does not silence the warnings."""
    await house.fold(registered())
    clock = FixedClock(datetime(2026, 3, 2, 0, 1, tzinfo=UTC))
    store, reviews = live(house, clock)
    house.log_read = False

    async def away():
        raise Unavailable("Kafka is away")

    house.runtime.end_offsets = away
    for minutes, expected in ((0, None), (300, None), (61, "2026-03-01")):
        clock.moment += timedelta(minutes=minutes)
        await review_once(store, reviews)
        assert await last_day(house) == expected


async def test_days_are_caught_up_one_by_one_after_a_standstill(house):
    """Fifteen weeks at once give the signals that fifteen weeks of evenings would have given."""
    await house.fold(registered(), weekly([1] * 12 + [4] * 3, replay=False))
    clock = FixedClock(start_of_day(SUNDAY + timedelta(days=1)) + timedelta(hours=9))
    store, reviews = live(house, clock)

    await review_once(store, reviews)

    assert await last_day(house) == SUNDAY.isoformat()
    raised = await house.events("SignalRaised")
    assert [event.signal.series.domains for event in raised] == [("medication",)]
    assert {event.replay for event in raised} == {False}
    assert {event.effective_at for event in raised} == {clock.moment}


async def test_live_reviews_go_on_behind_a_replay(house):
    """The day after the replay's last one is next."""
    await house.fold(registered(), weekly([1] * 15))
    await replay(house)
    clock = FixedClock(start_of_day(SUNDAY + timedelta(days=3)) + timedelta(minutes=5))
    store, reviews = live(house, clock)

    await review_once(store, reviews)

    assert await last_day(house) == (SUNDAY + timedelta(days=2)).isoformat()


async def test_one_process_at_a_time_reviews_a_provider(house):
    """While another holds the turn, the timer passes on and a replay says why it cannot."""
    await house.fold(registered())
    clock = FixedClock(datetime(2026, 3, 2, 0, 1, tzinfo=UTC))
    other, _ = live(house, clock, "other")
    assert await other.claim("p")
    store, reviews = live(house, clock)

    await review_once(store, reviews)
    assert await last_day(house) is None
    with pytest.raises(Unavailable, match="another process"):
        await reviews.replay("p", date(2026, 2, 1), date(2026, 2, 2))
    await other.release("p")
    await review_once(store, reviews)
    assert await last_day(house) == "2026-03-01"


async def test_a_review_that_another_one_overtook_leaves_nothing(house):
    """Where the day was closed by somebody else in between, nothing is stored or told."""
    await house.fold(registered(), weekly([1] * 12 + [4] * 3))
    clock = FixedClock(start_of_day(SUNDAY + timedelta(days=2)))
    store, _ = live(house, clock)
    reading = WatchReader(house.runtime.mongo)
    known = await reading.known("p", ["s"], SUNDAY)
    head = await reading.head("p")
    found = WATCH(known)
    assert [word for word, _ in found.signals] == ["raised"]
    await house.db["watch"].insert_one({"_id": "p", "to": SUNDAY.isoformat()})

    with pytest.raises(Unavailable, match="took the review over"):
        await store.run(lambda work: work.watch.keep("p", SUNDAY, head, found))

    assert await house.state("findings") == []
    assert [fact for fact in await house.state("facts") if "judged_on" in fact] == []


async def test_hashes_of_words_are_forgotten_after_four_weeks(house):
    """Nothing is compared with a report that old; the report itself stays counted."""
    await house.fold(registered(), weekly([1] * 15))
    await replay(house)

    facts = await house.state("facts")
    kept = {fact["report_id"] for fact in facts if fact["marks"]}

    assert kept == {f"w{week}-0" for week in (11, 12, 13, 14)}
    assert all(fact["counts"] for fact in facts)
