"""What actions takes from the wire, and how it writes places in a list."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.actions.routes.fold import add_event
from services.actions.routes.places import from_place, place
from services.actions.usecases.fold import Batch
from shared.contracts.publish import examples_of
from shared.contracts.topics import inputs_of
from shared.kernel.errors import Invalid

EXAMPLES = [
    (topic, name, body)
    for topic in inputs_of("actions")
    for event in topic.events
    for name, body in examples_of(topic, event)
]


ACTED_ON = {
    *("ProviderRegistered", "SiteRegistered", "SiteChanged", "SiteClosed", "RoleHoldersChanged", "ExposureRecorded"),
    *("ReportReceived", "ReportAmended", "ReportWithdrawn", "ReportClassified", "ClassificationCorrected"),
}


@pytest.mark.parametrize(("topic", "name", "body"), EXAMPLES, ids=[name for _, name, _ in EXAMPLES])
def test_every_published_example_of_an_input_is_taken(topic, name, body):
    """None is refused; each that detection rests on says exactly one thing, and the others say nothing."""
    batch = Batch()

    assert add_event(topic.decode(body), batch) is None
    taken = [batch.sites, batch.providers, batch.holders, batch.exposure, batch.reports, batch.labels]
    assert sum(len(part) for part in taken) == (1 if name.split(".")[0] in ACTED_ON else 0), name


def test_a_place_leads_back_to_where_it_was_written():
    """Also where a plus sign of an offset came through a query as a blank."""
    moment, day = datetime(2026, 3, 2, 9, 30, 0, 125000, tzinfo=UTC), date(2026, 3, 2)

    assert from_place(place(moment, "id"), datetime) == (moment, "id")
    assert from_place(place(moment, "id").replace("+", " "), datetime) == (moment, "id")
    assert from_place(place(day, "id"), date) == (day, "id")
    assert from_place(None, date) is None


@pytest.mark.parametrize("text", ["", "yesterday~id", "2026-03-02T09:00:00~id"])
def test_a_made_up_place_is_refused_by_its_field(text):
    """A moment without an offset is no place either."""
    with pytest.raises(Invalid) as refused:
        from_place(text, datetime)
    assert refused.value.faults[0].field == "after"
