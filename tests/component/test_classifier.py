"""The classifier as a whole: records that keep the contract, and corrections over HTTP with their events."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import SecretStr

from services.classifier.adapters.shadow import MongoShadow
from services.classifier.app import create_app, make_tagging
from services.classifier.domain.shadow import Tally
from services.classifier.settings import Settings
from shared.contracts.classifier import ClassificationCorrected, ReportClassified
from shared.contracts.envelope import headers_for, partition_key
from shared.contracts.intake import Disruption, GivenLabels, Report, ReportReceived, ReportWithdrawn
from shared.contracts.publish import examples_of
from shared.contracts.topics import CLASSIFICATIONS, REPORTS, inputs_of
from shared.kernel.clock import FixedClock, SystemClock
from shared.kernel.ids import event_id
from shared.kernel.principal import Principal, Role
from shared.runtime.auth import sign_token
from shared.runtime.kafka import partition_of
from shared.runtime.received import Received
from shared.taxonomy.loader import load_taxonomy
from shared.taxonomy.precedence import effective, merge

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
TAXONOMY = Path(__file__).resolve().parents[2] / "deploy" / "demo" / "reports.ndjson"
KEY = Ed25519PrivateKey.generate()
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def report_event(number: int, text: str, kind=ReportReceived, **changes):
    report = Report(
        report_id=f"r{number}", revision=1, setting="residential", occurred_at=NOW, occurred_precision="minute",
        reported_at=NOW, received_at=NOW, origin="live", text=text, identity_mode="anonymous", redaction_version="1",
        **changes,
    )  # fmt: skip
    more = {"reason": "duplicate"} if kind is ReportWithdrawn else {}
    identity = event_id(kind.__name__, report.report_id, 1)
    said = kind(event_id=identity, provider_id="p", site_id=f"s{number % 7}", recorded_at=NOW, report=report, **more)
    return Received(REPORTS, said, None)


@pytest.fixture(scope="module")
def tagging():
    return make_tagging(load_taxonomy(), FixedClock(NOW))


def test_every_record_is_the_contracts_event_with_its_key_partition_and_headers(tagging):
    """The hot path writes by hand what the contract's model would write; the two never drift."""
    texts = [json.loads(line)["text"] for line in TAXONOMY.read_text().splitlines()]
    events = [report_event(number, text) for number, text in enumerate(texts)]
    for received, (topic, partition, (key, value, headers)) in zip(events, tagging(events), strict=True):
        said = CLASSIFICATIONS.decode(value)
        assert isinstance(said, ReportClassified)
        assert json.loads(value) == json.loads(said.model_dump_json()), "a field is missing or named otherwise"
        assert topic == CLASSIFICATIONS.name
        assert key.decode() == partition_key("p", received.event.site_id)
        assert partition == partition_of(key.decode(), CLASSIFICATIONS.partitions)
        assert dict(headers) == dict(headers_for(said, "classifier"))
        assert said.fact().report_revision == 1


def test_the_same_report_gives_the_same_ids_whenever_it_is_read(tagging):
    """What a crash repeats is recognised by its id."""
    events = [report_event(n, "Wrong blister on the trolley, seen before it was given.") for n in range(3)]
    once, twice = ([CLASSIFICATIONS.decode(record[1]).event_id for _, _, record in tagging(events)] for _ in range(2))

    assert once == twice
    assert len(set(once)) == 3


def test_imported_coding_is_published_as_a_persons_and_stands_over_the_model(tagging):
    """A person's old coding, with where it came from; the merge believes it whatever arrives first."""
    given = GivenLabels(labels={"domains": ["records_data"], "primary_domain": "records_data"}, coder_role="manager")
    out = [
        CLASSIFICATIONS.decode(record[1])
        for _, _, record in tagging([report_event(1, "Fell off the bus.", given_labels=given)])
    ]

    assert [type(said) for said in out] == [ReportClassified, ClassificationCorrected]
    for order in (out, out[::-1]):
        state = None
        for said in order:
            state = merge(state, said.fact())
        assert effective(state)["primary_domain"] == "records_data"


def test_withdrawals_and_the_registry_need_no_answer(tagging):
    """Only a report's content is classified."""
    events = [report_event(1, "x y z", ReportWithdrawn)]
    for topic in inputs_of("classifier"):
        for event in topic.events:
            if event.__name__.startswith(("Site", "Provider")):
                events += [Received(topic, topic.decode(body), None) for _, body in examples_of(topic, event)]

    assert list(tagging(events)) == []


def test_what_the_form_says_outranks_the_words(tagging):
    """A disruption and an asset that the reporter named are in the answer."""
    told = report_event(1, "Nothing much.", disruption=Disruption(kind="utilities"), asset_ref="hoist-3")
    said = CLASSIFICATIONS.decode(next(iter(tagging([told])))[2][1])

    assert said.classification.disruption_kind == "utilities"
    assert "hoist-3" in said.classification.assets


@pytest.fixture
async def corrections(mongodb_uri, database_prefix):
    settings = Settings(mongodb_uri=SecretStr(mongodb_uri), database_prefix=database_prefix, token_public_key=PUBLIC)
    app = create_app(settings)
    runtime = app.state.runtime
    runtime.mongo.open()
    for job in runtime._on_open:
        await job()
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")
    client.headers["Authorization"] = f"Bearer {_token(Role.MANAGER)}"
    yield SimpleNamespace(http=client, outbox=runtime.mongo.db["outbox"], mongo=runtime.mongo)
    runtime.mongo.close()


def _token(*roles: Role, sites: frozenset[str] | None = frozenset({"s1"})) -> str:
    until = datetime.now(UTC) + timedelta(minutes=5)
    return sign_token(PRIVATE, Principal("u", "p", sites, frozenset(roles), until), SystemClock())


def _as(*roles: Role, sites: frozenset[str] | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {_token(*roles, sites=sites)}"}


BODY = {
    "site_id": "s1",
    "report_revision": 1,
    "fields": {"domains": ["handover"]},
    "reason": "Seen there, failed there.",
}


@pytest.mark.engines
async def test_a_correction_is_numbered_kept_and_published_from_one_transaction(corrections):
    """Decision 1, then 2; the events carry only what was decided, and the history says who by role and why."""
    first = await corrections.http.post("/v1/reports/r1/corrections", json=BODY)
    second = await corrections.http.post(
        "/v1/reports/r1/corrections", json=BODY | {"fields": {"potential_severity": "low"}}
    )
    rows = await corrections.outbox.find().sort("_id").to_list(None)
    said = [CLASSIFICATIONS.decode(row["value"]) for row in rows]
    read = await corrections.http.get(
        "/v1/reports/r1/corrections", params={"site_id": "s1"}, headers=_as(Role.GOVERNANCE)
    )
    history = read.json()["decisions"]

    assert (first.status_code, first.json()["decision_no"], second.json()["decision_no"]) == (202, 1, 2)
    assert [event.correction.decision_no for event in said] == [1, 2]
    assert said[0].correction.fields == {"domains": ["handover"]}
    assert [row["by_role"] for row in history] == ["manager", "manager"]


@pytest.mark.engines
@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"fields": {}}, 422, "fields"),
        ({"fields": {"colour": "blue"}}, 422, "fields.colour"),
        ({"fields": {"domains": ["astrology"]}}, 422, "fields.domains"),
        ({"fields": {"domains": "medication"}}, 422, "fields.domains"),
        ({"fields": {"is_near_miss": "yes", "event_class": "HAZARD"}}, 422, "fields.is_near_miss"),
        ({"fields": {"is_near_miss": True}}, 422, "event_class"),
        ({"fields": {"escalate": [], "event_class": "NEAR_MISS"}}, 422, "escalate"),
        ({"fields": {"domains": ["handover"], "primary_domain": "medication"}}, 422, "primary_domain"),
        ({"report_revision": 0}, 422, "report_revision"),
        ({"surprise": 1}, 422, "surprise"),
    ],
)
async def test_a_correction_that_cannot_be_taken_names_the_field_and_publishes_nothing(
    corrections, change, status, field
):
    """The words are the taxonomy's; class, near miss and escalation are decided together."""
    answer = await corrections.http.post("/v1/reports/r1/corrections", json=BODY | change)

    assert answer.status_code == status, answer.text
    assert field in {error["field"] for error in answer.json()["errors"]}
    assert await corrections.outbox.count_documents({}) == 0


@pytest.mark.engines
async def test_a_correction_stays_within_the_principals_sites_and_roles(corrections):
    """Another site's reports are not known here; a feed may not correct."""
    elsewhere = await corrections.http.post("/v1/reports/r1/corrections", json=BODY | {"site_id": "s2"})
    other_tenant = await corrections.http.post("/v1/reports/r1/corrections", json=BODY | {"provider_id": "q"})
    feed = await corrections.http.post(
        "/v1/reports/r1/corrections", json=BODY, headers={"Authorization": f"Bearer {_token(Role.FEED)}"}
    )
    unknown = await corrections.http.get(
        "/v1/reports/r9/corrections", params={"site_id": "s1"}, headers=_as(Role.SAFEGUARDING)
    )

    assert [a.status_code for a in (elsewhere, other_tenant, feed, unknown)] == [404, 404, 403, 404]
    assert await corrections.outbox.count_documents({}) == 0


@pytest.mark.engines
async def test_only_who_sees_held_reports_reads_what_was_decided(corrections):
    """The report may be held from its site: a manager corrects, but does not read what was decided."""
    taken = await corrections.http.post("/v1/reports/r1/corrections", json=BODY)
    readers = [
        _as(Role.MANAGER, sites=frozenset({"s1"})),
        _as(Role.MANAGER),
        _as(Role.GOVERNANCE, sites=frozenset({"s1"})),
        _as(Role.GOVERNANCE),
        _as(Role.SAFEGUARDING),
    ]
    answers = [
        await corrections.http.get("/v1/reports/r1/corrections", params={"site_id": "s1"}, headers=reader)
        for reader in readers
    ]

    assert taken.status_code == 202
    assert [answer.status_code for answer in answers] == [403, 403, 403, 200, 200]
    assert "ask governance" in answers[0].json()["detail"]


@pytest.mark.engines
@pytest.mark.parametrize(
    ("roles", "recorded"),
    [
        ((Role.ANALYST, Role.MANAGER), "manager"),
        ((Role.FEED, Role.ANALYST, Role.MANAGER, Role.GOVERNANCE), "governance"),
        ((Role.GOVERNANCE, Role.SAFEGUARDING), "safeguarding"),
    ],
)
async def test_the_role_that_may_correct_is_recorded(corrections, roles, recorded):
    """Of several roles the one that acted is written down, never one that may not correct."""
    await corrections.http.post("/v1/reports/r1/corrections", json=BODY, headers=_as(*roles))
    row = await corrections.outbox.find_one()

    assert CLASSIFICATIONS.decode(row["value"]).correction.by_role == recorded


@pytest.mark.engines
async def test_a_name_in_a_reason_is_taken_out_before_it_is_kept(corrections):
    """Reasons are free text like any other."""
    await corrections.http.post(
        "/v1/reports/r1/corrections", json=BODY | {"reason": "Ask Mr Olufemi Daramola on 07700 900123."}
    )
    row = await corrections.outbox.find_one()

    assert b"Olufemi" not in row["value"]
    assert b"07700" not in row["value"]


@pytest.mark.engines
async def test_the_review_set_pages_through_corrected_reports_of_one_tenant(corrections):
    """Every corrected report once, in order, to those who answer for the whole provider."""
    for number in range(5):
        await corrections.http.post(f"/v1/reports/r{number}/corrections", json=BODY)
    reader, seen, after = _as(Role.GOVERNANCE), [], None
    while True:
        params = {"limit": 2} | ({"after": after} if after else {})
        page = (await corrections.http.get("/v1/review-set", params=params, headers=reader)).json()
        seen += [(row["site_id"], row["report_id"], row["decisions"][0]["fields"]) for row in page["reports"]]
        if (after := page["next"]) is None:
            break
    manager = await corrections.http.get("/v1/review-set", headers=_as(Role.MANAGER, sites=frozenset({"s1"})))
    stranger = await corrections.http.get("/v1/review-set", params={"provider_id": "q"}, headers=reader)

    assert seen == [("s1", f"r{number}", {"domains": ["handover"]}) for number in range(5)]
    assert (manager.status_code, stranger.status_code) == (403, 404)


@pytest.mark.engines
async def test_comparisons_with_a_model_in_shadow_add_up_and_are_the_operators(corrections):
    """Counts of several processes and restarts are one number; they name no provider."""
    store = MongoShadow(corrections.mongo)
    first, second = (Tally("rules-1", "linear-2+0a", date(2026, 3, 2)) for _ in range(2))
    first.compared, first.agreed["domains"] = 3, 2
    second.compared, second.escalations["only_shadow"] = 1, 1
    await store.add([first])
    await store.add([second])
    answer = await corrections.http.get("/v1/shadow", headers=_as(Role.OPERATOR))
    governance = await corrections.http.get("/v1/shadow", headers=_as(Role.GOVERNANCE))
    found = answer.json()["comparisons"]

    assert [(row["live"], row["shadow"], row["day"], row["compared"]) for row in found] == [
        ("rules-1", "linear-2+0a", "2026-03-02", 4)
    ]
    assert (found[0]["agreed"]["domains"], found[0]["escalations"]["only_shadow"]) == (2, 1)
    assert governance.status_code == 403
