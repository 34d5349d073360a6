"""What people do with routines and their occurrences, and what they may read of them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from services.actions.domain import occurrences, routines
from services.actions.domain.address_check import Compared, compare
from services.actions.domain.address_records import read_addresses
from services.actions.domain.asset_register import refuse_unknown
from services.actions.domain.occurrences import VERIFICATION, Findings, Occurrence
from services.actions.domain.oversight.ladder import Miss, neglected
from services.actions.domain.recurrence import horizon
from services.actions.domain.routines import Changes, Routine
from services.actions.ports import Act, HistoryLine, Store
from services.actions.usecases.desk import Desk, Who, redacted_words, refuse_wordy_asset
from services.actions.usecases.remedy_ports import Comparison, RemedyWork, RoutineBook, Transactions
from shared.kernel.clock import Clock, london_date
from shared.kernel.errors import Conflict, Fault, Invalid, NotFound
from shared.taxonomy.model import Playbook

ROUTINE_SET = "RoutineSet"
TO_DO_MAX = 500
MISSED_WITHIN_DAYS = 84
"""What was missed longer ago stands with its routine, and not among what is to be done."""
Part = tuple[str | None, Sequence[str], int, tuple[date, str] | None]
"""Which part of a list is asked for: site, statuses, how many at most, and behind which place."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A routine that somebody asks for; what is None is taken from the playbook or the action.

    Attributes:
        steps: What is done each time, in order.
        grace_days: So many days after the due day it counts as missed.
    """

    site_id: str
    starts_on: date
    grace_days: int
    playbook_id: str | None = None
    action_id: str | None = None
    kind: str | None = None
    title: str | None = None
    rule: str | None = None
    owner_role: str | None = None
    ends_on: date | None = None
    steps: Sequence[str] = ()


class RoutineDesk:
    """The acts and the reading.

    Args:
        transactions: Runs the acts.
        store: Where sites are known.
        book: Where routines are read.
        desk: Says what of a list is in reach.
        playbooks: The remedies by id.
        clock: The source of now.
        ahead_weeks: For so many weeks occurrences are made ahead.
    """

    def __init__(
        self,
        transactions: Transactions,
        store: Store,
        book: RoutineBook,
        desk: Desk,
        playbooks: Mapping[str, Playbook],
        clock: Clock,
        ahead_weeks: int,
    ) -> None:
        self._transactions = transactions
        self._store = store
        self._book = book
        self._desk = desk
        self._playbooks = playbooks
        self._clock = clock
        self._ahead_weeks = ahead_weeks

    async def set_up(self, who: Who, asked: Setting) -> Routine:
        """Set up a routine, from a playbook or freely, and make its first occurrences.

        Raises:
            NotFound: the site or the action is not known here.
            Invalid: names the field that is missing or cannot be.
        """
        site = (who.provider_id, asked.site_id)
        if not who.principal.may_see_site(asked.site_id) or not await self._store.site_known(*site):
            raise NotFound(f"site {asked.site_id} is not known here")

        async def work(work: RemedyWork) -> Routine:
            task = None
            if asked.action_id is not None:
                task = await work.tasks.load(who.provider_id, asked.action_id)
                if task is None or not who.sees(task) or task.site_id != asked.site_id:
                    raise NotFound(f"action {asked.action_id} is not known at this site")
            ordinal = 1 + await work.routines.ordinal(site)
            made = replace(
                _made(site, asked, ordinal, self._playbook(asked)), visibility=task.visibility if task else "site"
            )
            return await self._keep(who, routines.set_up(made, london_date(work.now)), work)

        return await self._transactions.run(work)

    async def change(self, who: Who, routine_id: str, version: int, changes: Changes) -> Routine:
        """Change a routine from today on; see `domain.routines.change`."""
        said = replace(changes, title=redacted_words(changes.title, "title"))
        return await self._act(who, routine_id, lambda known, today: routines.change(known, version, said, today))

    async def pause(self, who: Who, routine_id: str, version: int) -> Routine:
        """Let a routine rest; see `domain.routines.pause`."""
        return await self._act(who, routine_id, lambda known, _: routines.pause(known, version))

    async def resume(self, who: Who, routine_id: str, version: int) -> Routine:
        """Take a routine up again; see `domain.routines.resume`."""
        return await self._act(who, routine_id, lambda known, _: routines.resume(known, version))

    async def end(self, who: Who, routine_id: str, version: int) -> Routine:
        """End a routine for good; see `domain.routines.end`."""
        return await self._act(who, routine_id, lambda known, today: routines.end(known, version, today))

    async def complete(self, who: Who, occurrence_id: str, version: int, findings: Findings) -> Occurrence:
        """Write down that an occurrence was carried out; see `domain.occurrences.complete`.

        Raises:
            NotFound: there is no such occurrence in reach.
            Invalid: an asset is none, or not in the site's register.
        """
        said = replace(findings, note=redacted_words(findings.note, "note"))
        for field in ("assets_checked", "assets_faulty"):
            for name in getattr(findings, field) or ():
                refuse_wordy_asset(name, field)

        async def work(work: RemedyWork) -> Occurrence:
            occurrence = await work.routines.occurrence(who.provider_id, occurrence_id)
            if occurrence is None or not who.reaches(occurrence.site_id, occurrence.visibility):
                raise _unknown("occurrence", occurrence_id)
            register = await work.assets.of_site((occurrence.provider_id, occurrence.site_id))
            for field in ("assets_checked", "assets_faulty"):
                refuse_unknown(getattr(findings, field) or (), field, register, london_date(work.now))
            done = occurrences.complete(occurrence, version, said, who.role, work.now)
            act = Act("OccurrenceCompleted", who.role, who.principal.subject, work.now, said.note)
            await work.routines.save_occurrence(done, act)
            return done

        return await self._transactions.run(work)

    async def verify(self, who: Who, occurrence_id: str, records: str, reference: str) -> Compared:
        """Compare client records with a reference, in memory; only counts and keyed references are kept.

        Args:
            who: Who asks.
            occurrence_id: The occurrence that it is done for.
            records: A CSV of the clients.
            reference: A CSV of addresses that are known to exist.

        Returns:
            The differences, this once.

        Raises:
            NotFound: there is no such occurrence in reach.
            Conflict: it is no data verification, or it is done.
            Invalid: a file is not what it says; names file, line and column.
        """
        occurrence, _, _ = await self.occurrence(who, occurrence_id)
        if occurrence.kind != VERIFICATION:
            raise Conflict(
                f"occurrence {occurrence_id} is of kind {occurrence.kind} and cannot be verified: only verification can"
            )
        occurrences.expect(occurrence, occurrence.version, "verified")
        found = await asyncio.to_thread(_compared, records, reference)
        key = await self._book.row_key(occurrence.provider_id, occurrence.site_id)
        kept = Comparison(
            at=self._clock.now(),
            by_role=who.role,
            checked=found.checked,
            agree=found.agree,
            differ=found.count("differs"),
            near=found.count("near"),
            not_found=found.count("not_found"),
            postcode_invalid=found.count("postcode_invalid"),
            rows=tuple((row_reference(key, row.key), row.verdict) for row in found.differences),
        )
        await self._book.keep_comparison(occurrence, kept)
        return found

    async def routine(self, who: Who, routine_id: str) -> tuple[Routine, list[HistoryLine]]:
        """Return a routine with what became of it.

        Raises:
            NotFound: there is no such routine in reach.
        """
        found = await self._book.routine(who.provider_id, routine_id)
        if found is None or not who.reaches(found[0].site_id, found[0].visibility):
            raise _unknown("routine", routine_id)
        return found

    async def routine_list(
        self, who: Who, site_id: str | None, statuses: Sequence[str], limit: int, after: tuple[date, str] | None
    ) -> list[Routine]:
        """Return the routines in reach, the one that starts first at the top.

        Raises:
            NotFound: the site is not known, or not in reach.
        """
        return await self._book.routine_list(await self._desk.wanted(who, site_id, statuses, limit, after))

    async def occurrence(self, who: Who, occurrence_id: str) -> tuple[Occurrence, list[HistoryLine], list[Comparison]]:
        """Return an occurrence with what became of it and what was compared for it.

        Raises:
            NotFound: there is no such occurrence in reach.
        """
        found = await self._book.occurrence(who.provider_id, occurrence_id)
        if found is None or not who.reaches(found[0].site_id, found[0].visibility):
            raise _unknown("occurrence", occurrence_id)
        if who.reads_words:
            return found
        return occurrences.without_words(found[0]), [replace(line, words=None) for line in found[1]], found[2]

    async def occurrence_list(
        self, who: Who, asked: Part, routine_id: str | None, first: date | None, last: date | None
    ) -> list[Occurrence]:
        """Return the occurrences in reach, the earliest due day first.

        Raises:
            NotFound: the site is not known, or not in reach.
        """
        wanted = await self._desk.wanted(who, *asked)
        found = await self._book.occurrence_list(wanted, routine_id, first, last)
        return found if who.reads_words else [occurrences.without_words(occurrence) for occurrence in found]

    async def to_do(self, who: Who, site_id: str | None, today: date) -> list[Occurrence]:
        """Return what is due and, of each routine that was not carried out since, the first that was missed.

        Args:
            who: Who asks.
            site_id: One site; None for all in reach.
            today: The present day in England.

        Raises:
            NotFound: the site is not known, or not in reach.
        """
        due = await self.occurrence_list(who, (site_id, (occurrences.DUE,), TO_DO_MAX, None), None, None, today)
        since, asked = today - timedelta(days=MISSED_WITHIN_DAYS), (site_id, (occurrences.MISSED,), TO_DO_MAX, None)
        missed = await self.occurrence_list(who, asked, None, since, today)
        done_on = await self._book.done_on(who.provider_id, {one.routine_id for one in missed})
        misses = [Miss(one.occurrence_id, one.routine_id, one.due_on) for one in missed]
        stand = {miss.occurrence_id for miss in neglected(misses, done_on).values()}
        found = [*(one for one in missed if one.occurrence_id in stand), *due]
        return sorted(found, key=lambda one: (one.due_on, one.occurrence_id))

    def _playbook(self, asked: Setting) -> Playbook | None:
        if asked.playbook_id is None:
            return None
        if (playbook := self._playbooks.get(asked.playbook_id)) is None:
            raise Invalid("there is no such playbook", (Fault("see /v1/playbooks", "playbook"),))
        return playbook

    async def _act(self, who: Who, routine_id: str, change: Callable[[Routine, date], Routine]) -> Routine:
        async def work(work: RemedyWork) -> Routine:
            routine = await work.routines.load(who.provider_id, routine_id)
            if routine is None or not who.reaches(routine.site_id, routine.visibility):
                raise _unknown("routine", routine_id)
            today = london_date(work.now)
            changed = change(routine, today)
            await work.routines.unplan(routine_id, today)
            return await self._keep(who, changed, work)

        return await self._transactions.run(work)

    async def _keep(self, who: Who, routine: Routine, work: RemedyWork) -> Routine:
        await work.routines.save(routine, Act(ROUTINE_SET, who.role, who.principal.subject, work.now))
        return await make_ahead(routine, london_date(work.now), self._ahead_weeks, work)


async def make_ahead(routine: Routine, today: date, weeks: int, work: RemedyWork) -> Routine:
    """Make a routine's occurrences of the coming weeks; again changes nothing.

    Args:
        routine: As it is stored.
        today: The present day in England.
        weeks: How many weeks ahead.
        work: The transaction.
    """
    known = await work.routines.days(routine.routine_id, routine.planned_to or today)
    ahead, new = routines.planned(routine, today, horizon(today, weeks), known)
    if ahead is not routine:
        await work.routines.keep_plan(ahead, new)
    return ahead


def row_reference(key: bytes, row: str) -> str:
    """Name a row without saying whose it is: HMAC-SHA-256 of its id under the site's key, 128 bits of it.

    Args:
        key: The site's secret.
        row: The row's id in the client's file.
    """
    return hmac.new(key, row.encode(), hashlib.sha256).hexdigest()[:32]


def _compared(records: str, reference: str) -> Compared:
    return compare(read_addresses(records, "records", keyed=True), read_addresses(reference, "reference", keyed=False))


def _made(site: tuple[str, str], asked: Setting, ordinal: int, playbook: Playbook | None) -> Routine:
    """Join what was asked for with what the playbook says."""
    said = {
        "kind": asked.kind or (playbook.kind if playbook else None),
        "title": redacted_words(asked.title, "title") or (playbook.title if playbook else None),
        "rule": asked.rule or (playbook.cadence if playbook else None),
        "owner_role": asked.owner_role or (playbook.owner_role if playbook else None),
    }
    missing = [name for name, value in said.items() if value is None]
    if missing:
        detail = "is missing: name it, or a playbook that has it"
        raise Invalid("the routine is not complete", tuple(Fault(detail, name) for name in missing))
    steps = tuple(redacted_words(step, "steps") or "" for step in asked.steps)
    return Routine(
        routine_id=routines.routine_id(*site, ordinal),
        provider_id=site[0],
        site_id=site[1],
        ordinal=ordinal,
        version=1,
        status=routines.ACTIVE,
        kind=str(said["kind"]),
        title=str(said["title"]),
        rule=str(said["rule"]),
        starts_on=asked.starts_on,
        owner_role=str(said["owner_role"]),
        grace_days=asked.grace_days,
        playbook_id=playbook.id if playbook else None,
        playbook_version=playbook.version if playbook else None,
        action_id=asked.action_id,
        ends_on=asked.ends_on,
        steps=steps or tuple(step.title for step in playbook.steps if step.id != "review") if playbook else steps,
    )


def _unknown(what: str, key: str) -> NotFound:
    return NotFound(f"{what} {key} is not known here")
