"""New reports written by the hundred are, byte for byte and field for field, what the usual way writes one by one."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from struct import pack as packed

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.adapters.events import report_event
from services.intake.adapters.fresh_reports import KIND, fresh_reports
from services.intake.adapters.reports import _document, _writes
from services.intake.adapters.vault import AesVault
from services.intake.domain.acts import Act
from services.intake.domain.pseudonyms import Pseudonyms
from services.intake.domain.report import Draft, Identity, Narrative
from services.intake.domain.sites import Site, SiteVersion
from services.intake.domain.submission import (
    Disruption,
    ExternalReference,
    GivenLabels,
    Person,
    Reporter,
    Submission,
)
from services.intake.domain.times import Times
from services.intake.ports import Decided, NewReport
from services.intake.routes.wire import ReportSubmission
from services.intake.usecases.means import Means, Redactor
from services.intake.usecases.preparing import Asked, Order, Preparing
from services.intake.usecases.settling import Settling
from shared.contracts.topics import REPORTS
from shared.kernel.clock import FixedClock
from shared.kernel.errors import Invalid
from shared.kernel.ids import derived_id
from shared.kernel.principal import Principal, Role
from shared.redaction.text import RedactedText
from shared.runtime.kafka import MAX_RECORD_BYTES
from shared.runtime.outbox import OutboxRow, Tick
from shared.runtime.packs import BYTES_MAX, ROWS_MAX, Pack, records_of, rows_in

NOW = datetime(2026, 3, 4, 12, 0, 0, 123_000, tzinfo=UTC)
TRACE = b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"
WORDS = [
    "gate",
    "100% full",
    "%b %(text)b",
    "<text>",
    'said "no"',
    "back\\slash",
    "tab\tline\n",
    "café",
    "😀",
    "\x7f",
    "\u2028",
    "",
]
VAULT = AesVault(bytes(32), "kek-1")
ACTS = Act("received", 1, "key:1", "feed", NOW), Act("received", 1, "key:2", "operator", NOW)
NOTHING_AROUND = (None, False, None, False)


class Never(random.Random):
    """A chance that never comes."""

    def choice(self, values):
        """Return the first."""
        return values[0]


NOTHING = Never()


def some(chance: random.Random, *values):
    """One of some values, or none."""
    return chance.choice([None, *values])


def words(chance: random.Random) -> RedactedText:
    """Some redacted words."""
    return RedactedText.from_wire(" ".join(chance.choices(WORDS, k=4)))


def moment(chance: random.Random) -> datetime:
    """A moment, to the second or the millisecond."""
    return NOW - timedelta(days=chance.randrange(9_000), milliseconds=chance.choice([0, 123, 877]))


def draft(number: int) -> Draft:
    """Any new report that the domain can make; another for each number, a third of them with nothing rare."""
    chance = random.Random(number)
    rare = random.Random(number) if number % 3 else NOTHING
    disruption = Disruption(
        "power", moment(chance), some(chance, moment(chance)), some(chance, 7), some(chance, True), None
    )
    reference = ExternalReference("care-app", f"INC-{number} %b", some(chance, "https://app.example/%7Eone"))
    labels = GivenLabels(
        {"worst": 1.5e-7, "large": 1e22, "codes": ["falls", None], "sure": True}, some(chance, "nurse"), "Datix"
    )
    submission = Submission(
        chance.choice(["elm", "ash.2"]), "as given", b"{}", worry=some(chance, 1, 4),
        reporter_role=some(chance, "nurse"), identity_mode=chance.choice(["anonymous", "named"]),
        anonymity_reason=some(chance, "fear"), asset_ref=some(rare, "hoist 3"), disruption=some(rare, disruption),
        external_reference=some(chance, reference, reference), outside_first=chance.random() < 0.2,
        given_labels=some(rare, labels), origin=chance.choice(["live", "backfill", "telemetry"]),
        language=some(chance, "pl"),
    )  # fmt: skip
    precision, band = chance.choice(["minute", "day", "band"]), some(chance, "now", "earlier")
    return Draft(
        submission, derived_id(f"report {number}"), chance.choice(["rowan", "other%b"]), "residential",
        Times(moment(chance), precision, band, moment(chance)), NOW,
        (words(chance), some(rare, words(chance)), some(rare, words(chance))),
        some(rare, "ab" * 16), some(rare, "cd" * 16), chance.choice(["site", "held"]), "r1",
    )  # fmt: skip


def new_report(number: int, trace: bytes | None = None, replayed: bool = False) -> NewReport:
    """A new report with its sealed originals."""
    state = draft(number)
    sealed = VAULT.seal(state.report_id, 1, Identity(), Narrative(str(state.words[0])))
    effective_at = NOW - timedelta(days=9) if replayed else None
    body_hash = bytes([number % 256]) * 32
    return NewReport(state, sealed, body_hash, ACTS[number % 2], number % 3 > 0, effective_at, replayed, trace)


@pytest.fixture(scope="module")
def many() -> list[NewReport]:
    """Thousands of them, some replayed and some traced."""
    return [new_report(n, TRACE if n % 700 < 9 else None, n % 5 == 0) for n in range(3_000)]


def test_documents_are_those_of_the_usual_way(many):
    """Thousands of reports with every mix of fields are kept field for field as one by one."""
    fresh = fresh_reports("reports", many)
    for one, elements in zip(many, fresh.documents, strict=True):
        whole = bson.decode(packed("<i", len(elements) + 5) + elements + b"\0")
        assert whole == bson.decode(bson.encode(_document(one.change().stored)))


def test_records_are_those_of_the_usual_way(many):
    """Topic, partition, key, body and headers of every record, traceparent included, are equal byte for byte."""
    fresh = fresh_reports("reports", many)
    sent = [record for pack in fresh.packs for record in records_of(bson.decode(bson.encode(pack.document(7))))]
    for one, told in zip(many, sent, strict=True):
        aggregate, event = f"reports:{one.draft.report_id}", report_event(one.change())
        row = OutboxRow.for_event(REPORTS, event, aggregate, Tick(7, 1), "intake", one.trace)
        (usual,) = records_of(bson.decode(bson.encode(row.document())))
        assert told == usual


def test_a_pack_has_the_id_of_its_first_event_and_stays_small(many):
    """It sorts where its first row would, and a round of the relay that reads hundreds of packs stays in bounds."""
    first, *_ = packs = fresh_reports("reports", many).packs
    row = OutboxRow.for_event(REPORTS, report_event(many[0].change()), first.aggregate, Tick(7, 1), "intake")
    assert first.document(7)["_id"] == row.document()["_id"]
    assert rows_in([pack.document(7) for pack in packs]) == len(many)
    assert rows_in([row.document()]) == 1
    assert max(len(pack.rows) for pack in packs) == ROWS_MAX
    assert all(pack.size_bytes < BYTES_MAX + 10_000 for pack in packs)
    assert len({pack.document(7)["_id"] for pack in packs}) == len(packs)


def test_a_pack_takes_no_event_larger_than_kafka_does():
    """A promise that cannot be kept is not given: the transaction fails."""
    pack = Pack(REPORTS, KIND, NOW, "intake", None, "reports:1")
    with pytest.raises(Invalid, match="larger than"):
        pack.add(b"id", b"subject", b"key", 0, bytes(MAX_RECORD_BYTES + 1))
    with pytest.raises(PermissionError):
        replace(pack, producer="actions", rows=[(b"id", b"subject", b"key", 0, b"{}")]).document(7)


def test_one_alone_is_written_the_usual_way_and_two_as_one_batch(many):
    """The short way is for many: what reads the outbox still meets single rows."""
    (alone,) = _writes(Decided(None, new=many[:1]))
    (fresh,) = _writes(Decided(None, new=many[:2]))
    assert alone.document["_id"] == many[0].draft.report_id
    assert len(fresh.documents) == 2


class OpenVault:
    """Seals nothing, so that two ways can be compared."""

    def seal(self, *said):
        """Return what it was given."""
        return {"said": repr(said)}

    def seal_part(self, report_id, sealed, part, data):
        """Return what it was given."""
        return data

    def names(self, report_id, sealed):
        """Nobody is named."""
        return ()


class OneByOne(Settling):
    """Takes every report the way of those that meet another."""

    def _stands_alone(self, new):
        return False


ROWS = st.fixed_dictionaries(
    {"site_id": st.sampled_from(["elm", "ash"]), "text": st.sampled_from(["Gate open.", "café £5", "  ", "x" * 70])},
    optional={
        "worry": st.integers(1, 4),
        "occurred_at": st.sampled_from(["2026-03-01T08:00", "2026-03-02", "2031-01-01", "1999-01-01", "01/02/2026"]),
        "occurred_band": st.sampled_from(["now", "earlier"]),
        "reported_at": st.sampled_from(["2026-03-02T08:00", "2026-01-02"]),
        "place": st.just("hall"),
        "what_stopped_it": st.just("a colleague"),
        "asset_ref": st.just("hoist 3"),
        "outside_first": st.booleans(),
        "identity_mode": st.sampled_from(["anonymous", "named", "confidential"]),
        "reporter": st.just({"name": "Invented Name", "contact": "x"}),
        "person": st.just({"id": "7"}),
        "origin": st.sampled_from(["live", "backfill", "telemetry"]),
        "external_reference": st.sampled_from([{"system": "app", "id": f"BC{n}"} for n in range(4)]),
        "disruption": st.just({"kind": "power", "started_at": "2026-03-01"}),
        "given_labels": st.just({"labels": {"assets": ["hoist-3"]}}),
    },
)
AROUND = st.tuples(
    st.sampled_from([None, None, "k1", "k2"]), st.booleans(), st.sampled_from([None, b"code"]), st.booleans()
)
SITE = Site("rowan", "elm", date(2015, 4, 1), (SiteVersion(date(2015, 4, 1), "Home", "residential"),))
FEED = Principal("key:1", "rowan", None, frozenset({Role.FEED}), NOW + timedelta(days=9))


class Numbers:
    """Randomness that is none."""

    def __init__(self) -> None:
        self._count = 0

    def new_secret(self) -> str:
        """Return the next number."""
        self._count += 1
        return str(self._count)


async def settled(kind, rows, stored):
    """Have a group prepared and settled; return the answers and all that is written, as bytes."""
    rules = Redactor(
        lambda text, _: RedactedText.from_wire(text), "r1", lambda text: "café" in text, lambda _: range(99)
    )
    means = Means(None, None, OpenVault(), Pseudonyms(bytes(32)), rules, FixedClock(NOW), len, 60, lambda: None)
    group = [
        Asked(
            FEED,
            Order(ReportSubmission(**row).to_domain("rowan", None), *around[:3]),
            site,
            TRACE if around[3] else None,
        )
        for row, around in rows
        for site in [replace(SITE, site_id=row["site_id"])]
    ]
    ready = await Preparing(means, Numbers()).all(group)
    whole = [one for one in ready if not isinstance(one, Exception)]
    decided = kind(stored, {}, means).group(whole)
    fresh = [one.change() for one in decided.new]
    changes = sorted([*fresh, *decided.changes], key=lambda one: (one.stored.report.report_id, len(one.stored.acts)))
    answers = [repr(one) for one in ready if isinstance(one, Exception)]
    answers += [(repr(one), getattr(one, "faults", None)) for one in decided.result]
    return answers, changes, decided.claims, len(fresh)


@settings(max_examples=400, deadline=None)
@given(rows=st.lists(st.tuples(ROWS, AROUND), min_size=1, max_size=12), stored=st.integers(0, 3))
async def test_a_group_is_decided_as_one_by_one(rows, stored):
    """Answers, refusals, claims and changes are the same, whatever in a group or the store meets whatever."""
    _, earlier, _, _ = await settled(OneByOne, rows[:stored], {})
    known = {one.stored.report.report_id: one.stored for one in earlier}
    *quick, _ = await settled(Settling, rows[stored:], known)
    *usual, none = await settled(OneByOne, rows[stored:], known)
    assert quick == usual
    assert none == 0


async def test_rows_of_an_import_stand_alone():
    """The point of it: new reports with references of their own take the short way, repeats do not."""
    plain = [
        ({"site_id": "elm", "text": "a", "external_reference": {"system": "app", "id": str(n)}}, NOTHING_AROUND)
        for n in range(9)
    ]
    *_, alone = await settled(Settling, plain, {})
    *_, twice = await settled(Settling, [*plain, plain[0]], {})
    assert (alone, twice) == (9, 8)


def test_originals_of_a_new_report_open_again_each_with_keys_of_its_own():
    """What is sealed for the first time reads back, and no key or nonce is used for two reports."""
    who = Identity(Reporter(name="Invented Name"), Person(id="7"))
    said = [Narrative("words", None, "a colleague", ("Ann",)), Narrative("other words")]
    sealed = [VAULT.seal("one", 1, who, said[0]), VAULT.seal("two", 1, Identity(), said[1])]
    assert VAULT.open("one", sealed[0]) == (who, said[0])
    assert VAULT.open("two", sealed[1]) == (Identity(), said[1])
    boxes = [box for one in sealed for part in (one["keys"], one["entries"][0]) for box in part.values()]
    nonces = [box[:12] for box in boxes if isinstance(box, bytes)]
    assert len(set(nonces)) == len(nonces) == 6


def test_an_identity_key_is_made_when_somebody_is_named_and_never_after_it_was_destroyed():
    """Where nobody is named nothing is sealed of it; a later name has its key, unless the report was closed before."""
    who = Identity(person=Person(name="Ann"))
    nobody = VAULT.seal("one", 1, Identity(), Narrative("words"))
    assert set(nobody["keys"]) == {"narrative"}
    still = VAULT.seal("one", 2, Identity(), Narrative("more"), nobody)
    named = VAULT.rewrapped("one", VAULT.seal("one", 3, who, Narrative("again"), VAULT.rewrapped("one", still)))
    assert VAULT.open("one", named) == (who, Narrative("again"))
    assert VAULT.open("one", VAULT.seal("one", 4, Identity(), Narrative("x"), named))[0] == Identity()
    assert VAULT.names("one", named) == ("Ann",)
    for sealed in (nobody, still, named):
        closed = VAULT.seal("one", 5, who, Narrative("last"), VAULT.without_identity(sealed))
        assert VAULT.open("one", closed) == (Identity(), Narrative("last"))
        assert "identity" not in closed["keys"]
