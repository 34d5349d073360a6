"""Reads a list of people and the work addresses of roles; several rows of one person are the roles that they hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from services.intake.domain.people import ON_CALL, PROVIDER_ROLES, ROLES, SITE_ROLES, Holding, OnCallHours, Person
from services.intake.domain.rows import Cells, Row
from shared.kernel.errors import Fault

PEOPLE_COLUMNS = ("person_id", "name", "role", "site_id", "on_call", "away_from", "away_to", "last_day")
ROLE_COLUMNS = ("role", "site_id", "work_address")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_HOURS = re.compile(rf"(?P<days>[a-z, -]+?) +(?P<starts>{_TIME}) *- *(?P<ends>{_TIME})")
_ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
_HOURS_RULE = "must be hours such as mon-fri 17:00-09:00; sat,sun 09:00-09:00"


def read_people(
    rows: Iterable[Row], provider_id: str, user_id: Callable[[str], str]
) -> tuple[list[Person], list[Fault]]:
    """Read a list of people.

    Args:
        rows: Rows with PEOPLE_COLUMNS.
        provider_id: Whose people they are.
        user_id: Makes the opaque id from the provider's own number.

    Returns:
        The people, by their first row, and all faults by line and field; with any fault nothing may be applied, since
        a person who is missing from the list counts as having left.
    """
    people: dict[str, Person] = {}
    first_line: dict[str, int] = {}
    faults: list[Fault] = []
    for row in rows:
        cells = Cells(row)
        person = _read_person(cells, provider_id, user_id)
        known = people.get(person.person_id)
        if known is None:
            people[person.person_id], first_line[person.person_id] = person, row.line
        else:
            if replace(person, holdings=known.holdings) != known:
                cells.wrong("person_id", f"differs from line {first_line[person.person_id]} of the same person")
            if any((one.role, one.site_id) == _place(person.holdings[0]) for one in known.holdings):
                cells.wrong(
                    "role", f"stands for the same person and site before (from line {first_line[person.person_id]})"
                )
            people[person.person_id] = replace(known, holdings=(*known.holdings, *person.holdings))
        faults += cells.faults
    whole = [replace(one, holdings=tuple(sorted(one.holdings, key=_order))) for one in people.values()]
    return whole, faults


def read_addresses(rows: Iterable[Row]) -> tuple[list[tuple[str | None, str, str | None]], list[Fault]]:
    """Read the work addresses of roles.

    Args:
        rows: Rows with ROLE_COLUMNS; an empty address takes the old one away.

    Returns:
        Site (None for the provider), role and address of the good rows, and the faults of the others.
    """
    told: list[tuple[str | None, str, str | None]] = []
    faults: list[Fault] = []
    for row in rows:
        cells = Cells(row)
        role, site_id = _role_and_site(cells)
        address = cells.label("work_address", optional=True) or None
        if address is not None and not _ADDRESS.fullmatch(address):
            cells.wrong("work_address", "must be one e-mail address of the role, such as oncall@example.org")
        if cells.faults:
            faults += cells.faults
        else:
            told.append((site_id, role, address))
    return told, faults


def _read_person(cells: Cells, provider_id: str, user_id: Callable[[str], str]) -> Person:
    own_id = cells.label("person_id", longest=64)
    role, site_id = _role_and_site(cells)
    away_from, away_to = cells.day("away_from", optional=True), cells.day("away_to", optional=True)
    if away_to is not None and away_from is None:
        cells.wrong("away_from", "is empty while away_to is given")
    elif away_from is not None and away_to is not None and away_to < away_from:
        cells.wrong("away_to", "is before away_from")
    return Person(
        provider_id=provider_id,
        user_id=user_id(own_id),
        person_id=own_id,
        name=cells.label("name"),
        holdings=(Holding(role, site_id, _on_call(cells)),),
        away_from=away_from,
        away_to=away_to,
        last_day=cells.day("last_day", optional=True),
    )


def _role_and_site(cells: Cells) -> tuple[str, str | None]:
    role = cells.one_of("role", ROLES)
    site_id = cells.identifier("site_id", optional=role not in SITE_ROLES) or None
    if role in PROVIDER_ROLES and site_id is not None:
        cells.wrong("site_id", f"must be empty: a {role} answers for the whole provider")
    return role, site_id


def _on_call(cells: Cells) -> tuple[OnCallHours, ...]:
    text = cells.label("on_call", optional=True).lower()
    hours = []
    for part in (one.strip() for one in text.split(";") if one.strip()):
        found = _HOURS.fullmatch(part)
        days = _days(found["days"]) if found else ()
        if found is None or not days:
            cells.wrong(ON_CALL, _HOURS_RULE)
            return ()
        hours.append(OnCallHours(days, found["starts"], found["ends"]))
    return tuple(hours)


def _days(text: str) -> tuple[str, ...]:
    """Return the days of `mon-fri, sun` in the order of the week; nothing where one is not known."""
    chosen: set[str] = set()
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last and last not in DAYS):
            return ()
        start = DAYS.index(first)
        length = (DAYS.index(last or first) - start) % len(DAYS) + 1
        chosen.update(DAYS[(start + step) % len(DAYS)] for step in range(length))
    return tuple(day for day in DAYS if day in chosen)


def _place(holding: Holding) -> tuple[str, str | None]:
    return holding.role, holding.site_id


def _order(holding: Holding) -> tuple[str, str]:
    return holding.role, holding.site_id or ""


def unknown_sites(people: Sequence[Person], known: frozenset[str]) -> list[Fault]:
    """Say which people hold a role at a site that is not in the register."""
    return [
        Fault(f"{one.site_id} (of {person.person_id}) is not a site that is known here", "site_id")
        for person in people
        for one in person.holdings
        if one.site_id is not None and one.site_id not in known
    ]
