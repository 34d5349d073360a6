"""A provider of whom all is told that the contracts can say: half a year of reports, and every published example."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from shared.contracts import cards, dialogue, intake, learning
from shared.contracts.envelope import Event
from shared.contracts.publish import examples_of
from shared.contracts.topics import TOPICS, VIEWS
from shared.kernel.ids import event_id
from tests.support import reporting as say
from tests.support.reporting import MONDAY, NOW, PROVIDER, TOLD, World

LOT = "Lot 1"
SITES = (("elm-house", "Elm House"), ("meadow-homecare", "Meadow Homecare"), ("oak-lodge", "Oak Lodge"))
WEEKS = 30
DOMAINS = (("medication", "handover"), ("falls_mobility",), ("equipment",), ("medication",), ())
CLASSES = ("NEAR_MISS", "HAZARD", "DISRUPTION", "NEAR_MISS", "LOW_HARM")
ANSWERS = 9


async def tell_everything(world: World) -> None:
    """Fold it, some hundred events at a time.

    Args:
        world: The app over a real mongod.
    """
    events = [say.provider(), *(_site(*site) for site in SITES), *_examples(), *_half_a_year(), *_pulse(), *_open()]
    for start in range(0, len(events), 400):
        await world.fold(*events[start : start + 400])


def _site(site_id: str, name: str) -> Event:
    opened = date(2015, 4, 1)
    version = intake.SiteVersion(effective_from=opened, name=name, setting="residential", contracts=(LOT,))
    state = intake.Site(site_id=site_id, revision=1_000, opened_on=opened, history=(version,))
    around = {"provider_id": PROVIDER, "site_id": site_id, "recorded_at": NOW}
    return intake.SiteChanged(event_id=event_id("SiteChanged", site_id, 1_000), site=state, **around)


def _examples() -> Iterator[Event]:
    for topic in TOPICS:
        if topic is not VIEWS:
            for kind in topic.events:
                for _, body in examples_of(topic, kind):
                    event = topic.adapter.validate_json(body)
                    if event.provider_id == PROVIDER and not isinstance(event, intake.ProviderRegistered):
                        yield event


def _half_a_year() -> Iterator[Event]:
    """Tell of reports week by week: more at the first site of late, few at the last one; care delivered everywhere."""
    for week in range(WEEKS):
        monday = MONDAY - timedelta(weeks=week)
        for place, (site_id, _) in enumerate(SITES):
            yield say.exposure(site_id, monday, 280 + week % 3)
            for number in range(((4 if week < 3 else 2), 1, 1 if week % 7 == 0 else 0)[place]):
                yield from _report(f"{site_id}-{week}-{number}", site_id, TOLD - timedelta(weeks=week, hours=number))


def _report(report_id: str, site_id: str, told: datetime) -> Iterator[Event]:
    number = sum(map(ord, report_id))
    event_class = CLASSES[number % len(CLASSES)]
    more = (
        {"disruption": {"kind": "utilities", "started_at": told - timedelta(hours=5), "ended_at": told}}
        if event_class == "DISRUPTION"
        else {}
    )
    yield say.report(report_id, site_id, reported_at=told, occurred_at=told, received_at=told, **more)
    yield say.classified(report_id, DOMAINS[number % len(DOMAINS)], event_class, site_id)


def _pulse() -> Iterator[Event]:
    for site_id, people in ((SITES[0][0], ANSWERS), (SITES[1][0], 2)):
        for number in range(people):
            pulse_id = f"{site_id}-{number}"
            replies = tuple(
                dialogue.PulseReply(question=question, answer=5 - number % 3)
                for question in ("safe_to_speak", "something_changed")
            )
            yield dialogue.PulseAnswered(
                event_id=event_id("PulseAnswered", pulse_id, 1),
                provider_id=PROVIDER,
                site_id=site_id,
                recorded_at=NOW,
                pulse_id=pulse_id,
                day=MONDAY,
                replies=replies,
                questions_version="1",
            )


def _open() -> Iterator[Event]:
    """Tell of what is open now: a question, an action past its date, one that was judged, a card, a disruption."""
    first = "elm-house-0-0"
    yield say.signal("open-question", report_ids=(first, "elm-house-0-1"))
    yield say.action("late-action", report_ids=(first,), due_on=MONDAY)
    done = {"status": "completed", "completed_at": NOW - timedelta(days=4), "proposed_at": NOW - timedelta(days=14)}
    yield say.action("done-action", report_ids=(first,), **done)
    figures = {"rate_ratio": 0.4, "ci_low": 0.2, "ci_high": 0.9, "verdict": "EFFECTIVE", "weeks_more": None}
    yield say.evaluation("judged", "done-action", **figures, sentence="Fewer since: 3 against about 8 expected.")
    yield say.report("going-on", "oak-lodge", disruption={"kind": "heating", "started_at": NOW - timedelta(days=20)})
    yield say.report("held-report", "elm-house", visibility="held", text="Held words.")
    raised = next(event for event in _examples() if isinstance(event, cards.CardRaised))
    card = raised.card.model_copy(update={"card_id": "open-card", "report_id": first, "version": 1})
    yield raised.model_copy(update={"event_id": event_id("CardRaised", "open-card", 1), "card": card})
    told = next(event for event in _examples() if isinstance(event, learning.LearningPublished))
    entry = told.learning.model_copy(
        update={"learning_id": "new-entry", "published_at": datetime(2026, 11, 20, 9, tzinfo=UTC)}
    )
    yield told.model_copy(update={"event_id": event_id("LearningPublished", "new-entry", 1), "learning": entry})
