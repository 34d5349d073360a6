"""Intake's pure rules: text, times, lines, registers, tokens, credentials, progress, maps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.columns import check_heading, unflatten
from services.intake.domain.credentials import spell, take_apart
from services.intake.domain.exposures import read_exposures
from services.intake.domain.lines import CsvRecords, Lines
from services.intake.domain.mapping import WrongMap, read_map
from services.intake.domain.progress import ActionState, Classified, take_in
from services.intake.domain.pseudonyms import Pseudonyms, derive_key, quarter
from services.intake.domain.registers import SITE_COLUMNS, read_sites
from services.intake.domain.report import report_id_of
from services.intake.domain.rows import Row
from services.intake.domain.sites import Provider, Site, SiteVersion, merge_provider, merge_site
from services.intake.domain.submission import Person, Reporter
from services.intake.domain.text import Unclean, clean
from services.intake.domain.times import DAY, MINUTE, Moment, parse_moment, settle_times
from shared.kernel.errors import Invalid
from shared.kernel.paths import is_local_path

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def test_text_stays_as_it_was_but_for_normal_form_and_line_ends() -> None:
    """Emoji, no-break spaces, tabs and zero-width joiners stay; letters are composed; line ends become plain."""
    assert clean("a\tb\r\nc\u00a0\U0001f469\u200d\U0001f467 e\u0301") == "a\tb\nc\u00a0\U0001f469\u200d\U0001f467 é"


@pytest.mark.parametrize("bad", ["\x00", "\x1b", "\x7f", "\x85", "\r", "\ud800"])
def test_control_characters_are_refused_by_name(bad: str) -> None:
    """A control character is refused with its code point and place, and the text is not repeated."""
    with pytest.raises(Unclean, match=rf"^holds the control character U\+{ord(bad):04X} at position 7"):
        clean("secret" + bad + "secret")


@pytest.mark.parametrize(
    ("text", "at", "precision"),
    [
        ("2026-03-04", "2026-03-04T00:00:00+00:00", DAY),
        ("2026-07-04", "2026-07-03T23:00:00+00:00", DAY),
        ("2026-07-04T10:00", "2026-07-04T09:00:00+00:00", MINUTE),
        ("2026-07-04 10:00:01.123456Z", "2026-07-04T10:00:01.123000+00:00", MINUTE),
        ("2026-07-04T10:00:00+02:00", "2026-07-04T08:00:00+00:00", MINUTE),
        ("2026-10-25T01:30", "2026-10-25T00:30:00+00:00", MINUTE),
    ],
)
def test_times_without_a_zone_are_english(text: str, at: str, precision: str) -> None:
    """Dates and local times are Europe/London; where clocks go back the earlier hour is meant."""
    found = parse_moment(text)

    assert (datetime.fromisoformat(at), precision) == (found.at, found.precision)


@pytest.mark.parametrize(
    "text", ["04/13/2026", "20260304", "2026-W10-3", "2026-02-30", "yesterday", "", "9999-12-31T23:59-12:00"]
)
def test_what_is_no_iso_time_is_refused(text: str) -> None:
    """Other orders, other forms and days that do not exist are never guessed."""
    with pytest.raises(ValueError, match="is no date or time"):
        parse_moment(text)


def test_times_are_settled_from_what_was_given() -> None:
    """Nothing given is told now; a band is dated when told; a day of telling reaches to a later hour of that day."""
    told = Moment(NOW - timedelta(days=1), MINUTE)
    hour = Moment(NOW - timedelta(hours=1), MINUTE)
    today = Moment(NOW.replace(hour=0), DAY)

    nothing, _ = settle_times(None, None, None, NOW)
    band, _ = settle_times(None, "this_shift", told, NOW)
    same_day, faults = settle_times(hour, None, today, NOW)

    assert (
        nothing.occurred_at,
        nothing.occurred_precision,
        nothing.occurred_band,
        nothing.reported_at,
    ) == (NOW, "band", "now", NOW)
    assert (told.at, "this_shift") == (band.occurred_at, band.occurred_band)
    assert ([], hour.at) == (faults, same_day.reported_at)


@given(st.binary(max_size=200), st.integers(1, 20))
def test_lines_do_not_depend_on_how_the_stream_is_cut(data: bytes, size: int) -> None:
    """Cut anywhere, a stream gives the lines that the whole gives."""
    whole, pieces = Lines(50), Lines(50)

    expected = [*whole.feed(data), *whole.finish()]
    found = [line for start in range(0, len(data), size) for line in pieces.feed(data[start : start + size])]

    assert [*found, *pieces.finish()] == expected


def test_csv_records_keep_their_first_line_number() -> None:
    """A record over several lines is known by the line on which it begins; a broken one is refused alone."""
    lines, joined = Lines(100), CsvRecords(100)
    data = b'a,b\n"x\n""y""",2\n"bad"x,3\n\n4,5\n6,"open\n7,8\n'

    records = [record for line in lines.feed(data) for record in joined.feed(line)] + list(joined.finish())

    assert [(record.number, record.cells) for record in records if not record.fault] == [
        (1, ("a", "b")),
        (2, ('x\n"y"', "2")),
        (6, ("4", "5")),
        (8, ("7", "8")),
    ]
    assert [record.number for record in records if record.fault] == [4, 7]


def test_a_heading_names_what_is_missing_unknown_and_double() -> None:
    """All faults of a heading are told at once, each with the list of what is expected."""
    with pytest.raises(Invalid) as raised:
        check_heading(["a", "x", "a"], ["a", "b"], ["a", "b", "c"])

    assert [fault.field for fault in raised.value.faults] == ["b", "x", "a"]
    assert "a, b, c" in raised.value.detail


def test_flat_cells_become_nested_fields() -> None:
    """Columns of nested things are put in their place and empty cells are left out; text keeps its spaces."""
    cells = {"text": " x ", "worry": " 2 ", "person_name": "A", "external_id": "", "outside_first": "yes"}

    assert unflatten(cells) == {"text": " x ", "worry": "2", "person": {"name": "A"}, "outside_first": "yes"}


VERSION = SiteVersion(date(2020, 1, 1), "Elm", "residential")
SITE = Site("p", "elm", date(2020, 1, 1), (VERSION,))


def test_a_register_of_the_present_keeps_the_past() -> None:
    """A version with a new date joins the history; the same state again is no change; a closing date is a closing."""
    stored = merge_site(None, SITE)
    assert stored is not None
    later = replace(SITE, history=(SiteVersion(date(2021, 1, 1), "Elm Grange", "nursing"),))

    changed = merge_site(stored.site, later)
    assert changed is not None
    closed = merge_site(changed.site, replace(later, closed_on=date(2026, 1, 1)))

    assert (merge_site(stored.site, SITE), merge_site(changed.site, later)) == (None, None)
    assert (stored.what, changed.what, changed.site.revision) == ("registered", "changed", 2)
    assert [version.name for version in changed.site.history] == ["Elm", "Elm Grange"]
    assert closed is not None
    assert closed.what == "closed"
    assert (changed.site.at(date(2019, 1, 1)).name, changed.site.at(date(2021, 1, 1)).name) == ("Elm", "Elm Grange")


def test_a_provider_changes_only_when_something_differs() -> None:
    """The same provider again is no change; another name is the next revision."""
    first = merge_provider(None, Provider("p", "A"))
    assert first is not None

    assert None is merge_provider(first, Provider("p", "A"))
    assert Provider("p", "B", revision=2) == merge_provider(first, Provider("p", "B"))


def site_row(line: int, **cells: str) -> Row:
    full = dict.fromkeys(SITE_COLUMNS, "") | {"provider_id": "p", "site_id": "elm", "name": "Elm"}
    return Row(line, full | {"setting": "nursing", "opened_on": "2020-01-01"} | cells)


def test_rows_of_one_site_are_ordered_into_its_history() -> None:
    """The order of rows does not matter; what does not change over time comes from the row that holds last."""
    rows = [site_row(2, effective_from="2022-01-01", name="New", postcode="ZZ1"), site_row(3, postcode="ZZ2")]

    (told,), faults = read_sites(rows)

    assert faults == []
    assert isinstance(told.value, Site)
    assert ([version.name for version in told.value.history], told.value.postcode) == (["Elm", "New"], "ZZ1")


def test_two_rows_of_one_site_and_date_are_a_fault() -> None:
    """Two states of one site from the same day cannot both hold; the site is left out whole."""
    told, faults = read_sites([site_row(2), site_row(3, name="Other")])

    assert (told, [(fault.line, fault.field) for fault in faults]) == ([], [(2, "site_id"), (3, "effective_from")])


def test_a_site_has_at_most_a_hundred_dated_versions() -> None:
    """The row with one version too many is named by line and column, and the site is left out whole."""
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(101)]
    rows = [site_row(line, effective_from=str(day)) for line, day in enumerate(days, start=2)]

    taken, none = read_sites(rows[:100])
    told, faults = read_sites(rows)

    assert (len(taken), none, told) == (1, [], [])
    assert [(fault.line, fault.field) for fault in faults if fault.field != "site_id"] == [(102, "effective_from")]


@pytest.mark.parametrize(
    ("column", "value", "taken"),
    [
        ("name", "x" * 200, True),
        ("name", "x" * 201, False),
        ("councils", ";".join(["x" * 200] * 50), True),
        ("councils", "x" * 201, False),
        ("contracts", ";".join(["x"] * 51), False),
    ],
)
def test_cells_and_lists_of_a_register_are_bounded(column: str, value: str, taken: bool) -> None:
    """A cell takes 200 characters and a list 50 items of that length; what is over is named by line and column."""
    _, faults = read_sites([site_row(2, **{column: value})])

    assert ([] if taken else [(2, column)]) == [(fault.line, fault.field) for fault in faults]


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "1e3", "1_0", "٣", "", "9999999999.1"])
def test_an_amount_is_a_plain_number(value: str) -> None:
    """What Python would take for a number but a person would not write is refused."""
    cells = {"site_id": "elm", "period_start": "2026-01-01", "period_end": "2026-01-02", "unit": "visits"}

    _, faults = read_exposures([Row(2, cells | {"value": value, "basis": "counted"})], "p")

    assert [fault.field for fault in faults] == ["value"]


def test_keys_are_derived_as_the_standard_says() -> None:
    """The derivation is HKDF-SHA256 without salt: the library's own gives the same."""
    expected = HKDF(SHA256(), 32, salt=None, info=b"site|p|s").derive(b"k" * 32)

    assert expected == derive_key(b"k" * 32, "site|p|s")


def test_an_id_goes_before_a_name_and_names_are_compared_loosely() -> None:
    """The feed's own id makes the token, else the name whatever its case and spaces; nobody named has none."""
    tokens = Pseudonyms(b"k" * 32)

    by_id = {tokens.person("p", "s", Person("7", name)) for name in ("Ann", "Bea")}
    by_name = {tokens.person("p", "s", Person(None, name)) for name in ("Ann Hill", " ann  HILL ")}

    assert (
        len(by_id),
        len(by_name),
        tokens.person("p", "s", None),
        tokens.person("p", "s", Person(None, " ")),
    ) == (1, 1, None, None)
    assert tokens.person("p", "s", Person("7")) != tokens.person("p", "s", Person(None, "7"))


def test_an_anonymous_reporter_has_no_token() -> None:
    """Whatever is known of an anonymous reporter, no token is made of it."""
    tokens = Pseudonyms(b"k" * 32)

    assert None is tokens.reporter("p", "s", Reporter("7"), "anonymous", NOW)
    assert None is not tokens.reporter("p", "s", Reporter("7"), "confidential", NOW)


def test_quarters_are_english() -> None:
    """A quarter begins at midnight in England, an hour before UTC's in summer."""
    assert (
        quarter(datetime(2026, 6, 30, 22, 59, tzinfo=UTC)),
        quarter(datetime(2026, 6, 30, 23, 0, tzinfo=UTC)),
    ) == ("2026Q2", "2026Q3")


def test_report_ids_cannot_be_made_to_meet() -> None:
    """A system and id that read alike when joined, and a key that looks like a reference, are different reports."""
    ids = {
        report_id_of("p", "reference", "a:b", "c"),
        report_id_of("p", "reference", "a", "b:c"),
        report_id_of("p", "key", "a:b:c"),
        report_id_of("q", "key", "a:b:c"),
    }

    assert len(ids) == 4


def test_a_credential_is_spelt_and_taken_apart() -> None:
    """What is handed out can be taken apart again; anything else is not a credential."""
    assert take_apart("key", spell("key", "id", "se.cret")) == ("id", "se.cret")
    assert take_apart("link", spell("link", "id", "secret")) == ("id", "secret")
    assert [take_apart("key", bad) for bad in ("", "nmk_", "nmk_x", "id.secret")] == [None] * 4


@pytest.mark.parametrize(
    ("path", "local"), [("/", True), ("/a?b=c", True), ("//x", False), ("/\\x", False), ("x", False)]
)
def test_local_paths(path: str, local: bool) -> None:
    """Only a path with one leading slash stays on this site."""
    assert local == is_local_path(path)


def test_progress_does_not_depend_on_order() -> None:
    """Every order of the same facts gives the same progress."""
    facts = [
        Classified("r", "p", "s", NOW),
        Classified("r", "p", "s", NOW + timedelta(days=1)),
        ActionState("r", "p", "s", "a", 1, "proposed", "T", None),
        ActionState("r", "p", "s", "a", 2, "completed", "T", NOW),
    ]

    states = []
    for order in permutations(facts):
        state = None
        for fact in order:
            state = take_in(state, fact)
        states.append(state)

    assert all(state == states[0] for state in states)
    assert states[0] is not None
    assert (states[0]["classified_at"], states[0]["actions"]["a"]["status"]) == (NOW, "completed")


MAP = {
    "fields": {"site_id": "home", "text": "what", "occurred_at": "when", "external_reference.id": "no"},
    "constants": {"external_reference.system": "old", "origin": "backfill"},
    "values": {"kind": {"NF": "nursing"}},
    "when_empty": {"occurred_at": {"occurred_band": "earlier"}},
    "sites": {
        "provider_id": "p",
        "provider_name": "P",
        "site_id": "home",
        "name": "Home {home}",
        "setting": "kind",
        "opened_on": date(2000, 1, 1),
    },
}


def test_a_map_turns_a_row_into_a_submission_and_a_site() -> None:
    """Columns, constants, values and what to do without a date come from the map alone."""
    mapped = read_map(MAP)
    row = {"home": "h1", "what": "Slipped.", "when": None, "no": "7", "kind": "NF", "more": "ignored"}

    assert mapped.submission(row) == {
        "external_reference": {"system": "old", "id": "7"},
        "origin": "backfill",
        "site_id": "h1",
        "text": "Slipped.",
        "occurred_band": "earlier",
    }
    site = mapped.site_row(row)
    assert (
        site["site_id"],
        site["name"],
        site["setting"],
        site["opened_on"],
    ) == ("h1", "Home h1", "nursing", "2000-01-01")


@pytest.mark.parametrize(
    "change", [{"fields": None}, {"more": 1}, {"constants": {"colour": "red"}}, {"sites": {"provider_id": "p"}}]
)
def test_a_wrong_map_is_refused_by_part(change: dict[str, object]) -> None:
    """A map with a part that is missing or means nothing is refused before a row is read."""
    with pytest.raises(WrongMap):
        read_map(MAP | change)
