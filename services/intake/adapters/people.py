"""People and the roles that they hold, in MongoDB, with a short memory for those who are signed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from services.intake.adapters.aggregates import Aggregates, Document, FoundDocuments, Write, patiently
from services.intake.adapters.events import role_event
from services.intake.domain.people import Holder, Holding, OnCallHours, Person, RoleState
from shared.contracts.topics import SITES
from shared.kernel.clock import monotonic_s
from shared.kernel.errors import Conflict
from shared.runtime.mongo import Mongo

PEOPLE, ROLES = "people", "roles"
FRESH_S = 5.0
"""So long somebody whom another process let go can still open this one; in its own process it is over at once."""
REMEMBERED_MAX = 10_000
CHUNK = 500


class MongoPeople:
    """The store of people and roles.

    Args:
        mongo: Intake's database.
        aggregates: Writes.
    """

    def __init__(self, mongo: Mongo, aggregates: Aggregates) -> None:
        self._mongo = mongo
        self._aggregates = aggregates
        self._seen: dict[str, tuple[float, Person]] = {}

    async def prepare(self) -> None:
        """Make the collections and their indexes."""
        await self._aggregates.prepare(PEOPLE, ROLES)
        for name in (PEOPLE, ROLES):
            await self._mongo.db[name].create_index([("provider_id", 1)])

    async def people_of(self, provider_id: str) -> list[Person]:
        """Return everybody of a provider, those who left too, by user id.

        Raises:
            Unavailable: the database did not answer.
        """
        cursor = self._mongo.db[PEOPLE].find({"provider_id": provider_id}).sort("_id", 1)
        return [_person(document) for document in await patiently(cursor.to_list(None))]

    async def roles_of(self, provider_id: str) -> list[RoleState]:
        """Return all roles of a provider.

        Raises:
            Unavailable: the database did not answer.
        """
        cursor = self._mongo.db[ROLES].find({"provider_id": provider_id}).sort("_id", 1)
        return [_role(document) for document in await patiently(cursor.to_list(None))]

    async def person(self, provider_id: str, user_id: str) -> Person | None:
        """Return somebody; may be a few seconds old where another process changed them.

        Raises:
            Unavailable: the database did not answer.
        """
        key = _identity(provider_id, user_id)
        seen = self._seen.get(key)
        if seen is not None and seen[0] > monotonic_s() - FRESH_S:
            return seen[1]
        asked_at = monotonic_s()
        document = await patiently(self._mongo.db[PEOPLE].find_one({"_id": key}))
        if document is None:
            return None
        if len(self._seen) >= REMEMBERED_MAX:
            self._seen.clear()
        person = _person(document)
        self._seen[key] = (asked_at, person)
        return person

    async def put_people(self, people: Sequence[Person]) -> None:
        """Write next states of people, each the one after the stored one.

        Raises:
            Conflict: somebody else wrote one of them meanwhile.
            Unavailable: the database did not answer; some may be written.
        """
        for start in range(0, len(people), CHUNK):
            chunk = people[start : start + CHUNK]

            def work(found: FoundDocuments, chunk: Sequence[Person] = chunk) -> tuple[list[Write], None]:
                known = found.get(PEOPLE, {})
                for one in chunk:
                    _follows(known.get(_identity(one.provider_id, one.user_id)), one.revision)
                return [Write(PEOPLE, _person_document(one)) for one in chunk], None

            await self._aggregates.change({PEOPLE: [_identity(one.provider_id, one.user_id) for one in chunk]}, work)
            for one in chunk:
                self._seen.pop(_identity(one.provider_id, one.user_id), None)

    async def change_roles(
        self, keys: Sequence[str], decide: Callable[[Mapping[str, RoleState]], Sequence[RoleState]], at: datetime
    ) -> int:
        """Write new states of roles with their events, in transactions of 500; return how many changed.

        Raises:
            Unavailable: the database did not answer; some may be written.
        """
        changed = 0
        for start in range(0, len(keys), CHUNK):
            chunk = keys[start : start + CHUNK]

            def work(found: FoundDocuments, chunk: Sequence[str] = chunk) -> tuple[list[Write], int]:
                known = {key: _role(document) for key, document in found.get(ROLES, {}).items()}
                following = [one for one in decide(known) if one.key in set(chunk)]
                writes = [Write(ROLES, _role_document(one), SITES, role_event(one, at)) for one in following]
                return writes, len(following)

            changed += await self._aggregates.change({ROLES: chunk}, work)
        return changed


def _follows(stored: Mapping[str, Any] | None, revision: int) -> None:
    if (stored["revision"] if stored else 0) != revision - 1:
        raise Conflict("the list of people was changed meanwhile: look at the differences again")


def _identity(provider_id: str, user_id: str) -> str:
    return f"{provider_id}:{user_id}"


def _hours(stored: Sequence[Mapping[str, Any]]) -> tuple[OnCallHours, ...]:
    return tuple(OnCallHours(tuple(one["days"]), one["starts"], one["ends"]) for one in stored)


def _person(document: Document) -> Person:
    state = {name: value for name, value in document.items() if name not in ("_id", "tick")}
    state |= {name: _day(state[name]) for name in ("away_from", "away_to", "last_day")}
    state["holdings"] = tuple(Holding(one["role"], one["site_id"], _hours(one["on_call"])) for one in state["holdings"])
    return Person(**state)


def _person_document(person: Person) -> Document:
    return {**_plain(asdict(person)), "_id": _identity(person.provider_id, person.user_id)}


def _role(document: Document) -> RoleState:
    state = {name: value for name, value in document.items() if name not in ("_id", "tick")}
    state["holders"] = tuple(
        Holder(one["user_id"], _day(one["until"]), _day(one["away_from"]), _day(one["away_to"]), _hours(one["on_call"]))
        for one in state["holders"]
    )
    return RoleState(**state)


def _role_document(role: RoleState) -> Document:
    return {**_plain(asdict(role)), "_id": role.key}


def _plain(value: Any) -> Any:
    """Write days as text, through all levels."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
