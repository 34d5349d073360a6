"""Intake's use cases without engines: grouping, the vault, settings, the wire's bodies, imports."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from services.intake.adapters.vault import AesVault, UnknownKey
from services.intake.domain.report import Identity, Narrative
from services.intake.domain.submission import Person, Reporter
from services.intake.routes.wire import ReportSubmission, submission_faults
from services.intake.settings import Settings, SettingsIncomplete
from services.intake.usecases.groups import ROW, Groups, as_they_are
from services.intake.usecases.imports import Imports, ParsedLine
from shared.kernel.errors import Fault, Invalid, Refused, Unavailable


async def test_what_arrives_during_a_write_is_the_next_group() -> None:
    """The first item is written alone at once; what came meanwhile is written together, never over the limit."""
    groups_seen: list[int] = []

    async def commit(items: Sequence[int]) -> list[int | Refused]:
        groups_seen.append(len(items))
        await asyncio.sleep(0.01)
        return [item * 2 for item in items]

    groups: Groups[int, int, int | Refused] = Groups(as_they_are, commit, most=4, waiting_max=100)

    answers = await asyncio.gather(*(groups.submit([n]) for n in range(10)))

    assert [[n * 2] for n in range(10)] == answers
    assert sum(groups_seen) == 10
    assert max(groups_seen) <= 4
    assert len(groups_seen) <= 4


async def test_the_next_group_is_prepared_while_one_is_written() -> None:
    """Items that arrive during a write are prepared before it ends, and written together after it."""
    gate, prepared, written = asyncio.Event(), [], []

    async def prepare(items: Sequence[int]) -> Sequence[int | Exception]:
        prepared.extend(items)
        return items

    async def commit(items: Sequence[int]) -> list[int]:
        await gate.wait()
        written.append(list(items))
        return list(items)

    groups: Groups[int, int, int] = Groups(prepare, commit, most=100, waiting_max=100)
    waiting = [asyncio.create_task(groups.submit([0]))]
    await asyncio.sleep(0.01)
    waiting += [asyncio.create_task(groups.submit([n])) for n in range(1, ROW + 3)]
    await asyncio.sleep(0.01)

    assert len(prepared) >= ROW
    assert written == []
    gate.set()
    assert await asyncio.gather(*waiting) == [[n] for n in range(ROW + 3)]
    assert written == [[0], list(range(1, ROW + 3))]


async def test_what_cannot_be_prepared_is_answered_and_not_written() -> None:
    """An item that breaks a rule, or meets a bug, has its answer at once, in its place; the others are written."""
    written: list[int] = []

    async def prepare(items: Sequence[int]) -> Sequence[int | Exception]:
        if 7 in items:
            raise ValueError("seven")
        return [Invalid("odd") if item % 2 else item for item in items]

    async def commit(items: Sequence[int]) -> list[int]:
        written.extend(items)
        return list(items)

    groups: Groups[int, int, int] = Groups(prepare, commit, most=2, waiting_max=100)

    answers = await groups.submit([0, 1, 2, 3, 4])

    assert [answer if isinstance(answer, int) else type(answer) for answer in answers] == [0, Invalid, 2, Invalid, 4]
    assert written == [0, 2, 4]
    assert [type(one) for one in await groups.submit([5])] == [Invalid]
    assert [type(one) for one in await groups.submit([6, 7])] == [int, ValueError]


async def test_one_bad_item_fails_alone() -> None:
    """Where a group breaks on a bug its items are tried one by one: only the bad one fails."""

    async def commit(items: Sequence[int]) -> list[int | Refused]:
        if 3 in items:
            raise ValueError("three")
        return [Invalid("four") if item == 4 else item for item in items]

    groups: Groups[int, int, int | Refused] = Groups(as_they_are, commit, most=10, waiting_max=100)

    answers = [answer for (answer,) in await asyncio.gather(*(groups.submit([n]) for n in range(6)))]

    assert [answer for answer in answers if isinstance(answer, int)] == [0, 1, 2, 5]
    assert [type(answer) for answer in answers[3:5]] == [ValueError, Invalid]


async def test_an_engine_away_fails_the_group_and_not_the_next() -> None:
    """Unavailable reaches everybody in the group; the writer goes on with the next one."""
    away = [True]

    async def commit(items: Sequence[int]) -> list[int | Refused]:
        if away.pop() if away else False:
            raise Unavailable("away")
        return list(items)

    groups: Groups[int, int, int | Refused] = Groups(as_they_are, commit, most=10, waiting_max=100)

    with pytest.raises(Unavailable):
        await groups.submit([1, 2])
    assert await groups.submit([3]) == [3]


async def test_too_many_waiting_are_turned_away() -> None:
    """Memory does not grow with a writer that stands still."""
    gate = asyncio.Event()

    async def commit(items: Sequence[int]) -> list[int | Refused]:
        await gate.wait()
        return list(items)

    groups: Groups[int, int, int | Refused] = Groups(as_they_are, commit, most=1, waiting_max=2)
    waiting = [asyncio.create_task(groups.submit([0]))]
    await asyncio.sleep(0.01)
    waiting += [asyncio.create_task(groups.submit([n])) for n in (1, 2)]
    await asyncio.sleep(0.01)

    with pytest.raises(Unavailable):
        await asyncio.wait_for(groups.submit([9]), 1.0)
    gate.set()
    assert await asyncio.gather(*waiting) == [[0], [1], [2]]


VAULT = AesVault(bytes(32), "k1")
WHO = Identity(Reporter("r", "Perpetua", "07700 900123"), Person(None, "Zebedee"))
WORDS = Narrative("Zebedee slipped. Größe 💊", "hall", None)


def test_the_vault_gives_back_what_was_sealed() -> None:
    """The latest originals are read back, the first ones stay, and nothing of either is in clear."""
    first = VAULT.seal("id", 1, WHO, WORDS)
    second = VAULT.seal("id", 2, Identity(), Narrative("Changed."), first)

    assert VAULT.open("id", first) == (WHO, WORDS)
    assert (Identity(), Narrative("Changed.")) == VAULT.open("id", second)
    assert first["entries"] == second["entries"][:1]
    assert b"Zebedee" not in repr(second).encode()


def test_originals_cannot_be_moved_or_changed() -> None:
    """Another report's id, another revision's place, a changed byte or another key open nothing."""
    sealed = VAULT.seal("id", 1, WHO, WORDS)
    entry = sealed["entries"][0]
    moved = {**sealed, "entries": [{**entry, "revision": 2}]}
    swapped = {**sealed, "entries": [{**entry, "identity": entry["narrative"], "narrative": entry["identity"]}]}
    changed = {**sealed, "entries": [{**entry, "narrative": entry["narrative"][:-1] + b"\x00"}]}

    for report_id, one in (("other", sealed), ("id", moved), ("id", swapped), ("id", changed)):
        with pytest.raises(InvalidTag):
            VAULT.open(report_id, one)
    with pytest.raises(UnknownKey, match="k1"):
        AesVault(bytes(32), "k2").open("id", sealed)


def test_each_report_has_two_keys_of_its_own() -> None:
    """Identity and narrative have different data keys, and another report has others."""
    keys = [value for report in ("a", "b") for value in VAULT.seal(report, 1, WHO, WORDS)["keys"].values()]

    assert len(set(keys)) == 4


def test_malformed_keys_are_named_without_being_shown() -> None:
    """Keys of the wrong form are named all at once; their values stay out of the message."""
    wrong = Settings(
        token_private_key=SecretStr("no pem"),
        vault_kek=SecretStr(base64.b64encode(b"short").decode()),
        pseudonym_key=SecretStr("%%%"),
        bootstrap_key=SecretStr("secret"),
    )

    with pytest.raises(SettingsIncomplete) as raised:
        wrong.keys()

    said = str(raised.value)
    for variable in ("TOKEN_PRIVATE_KEY", "VAULT_KEK", "PSEUDONYM_KEY", "BOOTSTRAP_KEY"):
        assert f"NEARMISS_{variable}" in said
    for value in ("no pem", "short", "%%%", "secret"):
        assert value not in said


def test_a_repeat_is_known_by_what_it_says() -> None:
    """Order, empty fields, defaults, the provider and how it came do not make another body; a word does."""
    bodies = [
        {"site_id": "elm", "text": "x", "worry": 2},
        {"worry": 2, "text": "x", "site_id": "elm", "place": None, "outside_first": False},
        {"site_id": "elm", "text": "x", "worry": 2, "provider_id": "p", "origin": "backfill"},
        {"site_id": "elm", "text": "y", "worry": 2},
    ]

    first, second, third, other = [ReportSubmission.model_validate(body).canonical() for body in bodies]

    assert first == second == third
    assert first != other


def test_the_origin_of_an_import_is_for_lines_that_do_not_say_it() -> None:
    """A line's own origin and provider stand; the import's are taken where a line has none."""
    silent = ReportSubmission(site_id="elm", text="x").to_domain("p", "backfill")
    own = ReportSubmission(site_id="elm", text="x", origin="telemetry", provider_id="q").to_domain("p", "backfill")

    assert (silent.provider_id, silent.origin) == ("p", "backfill")
    assert (own.provider_id, own.origin) == ("q", "telemetry")


@given(st.text(max_size=300))
def test_any_text_is_taken_or_refused_by_name(text: str) -> None:
    """Whatever the text, a body is either valid or a fault that names the field and does not repeat the text."""
    fields = ["text"]
    try:
        ReportSubmission.model_validate({"site_id": "elm", "text": text}).canonical()
    except ValidationError as error:
        fields = [fault.field or "" for fault in submission_faults(error)]
    assert fields == ["text"]


class Depth:
    """A backlog that drains by a thousand each time that it is asked."""

    def __init__(self, depth: int) -> None:
        self.left = depth
        self.asked = 0

    def full(self) -> bool:
        return False

    def depth(self) -> int:
        self.asked += 1
        self.left -= 1_000
        return self.left


async def test_an_import_lets_the_outbox_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a batch an import waits while more than the set number of events is unsent."""
    monkeypatch.setattr("services.intake.usecases.imports.PAUSE_S", 0.0)
    backlog = Depth(8_000)
    imports = Imports(None, backlog, batch_lines=10, pause_above=5_000)  # type: ignore[arg-type]  # no line gets so far
    noted: list[Any] = []

    async def parts() -> AsyncIterator[Sequence[ParsedLine]]:
        yield [ParsedLine(1, None, (Fault("not JSON", None, 1),))]

    account = await imports.run(None, parts(), None, False, noted.extend)  # type: ignore[arg-type]  # nobody is asked

    assert (backlog.asked, account.lines, account.outcomes["refused"]) == (3, 1, 1)
    assert [(1, (Fault("not JSON", None, 1),))] == noted
