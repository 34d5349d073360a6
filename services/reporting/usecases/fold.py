"""Take a batch of events into the facts and recompute the buckets that it touched."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.reporting.domain.buckets import Bucket, Cell, recompute
from services.reporting.domain.exposure import exposure_of_week
from services.reporting.domain.facts import ALL, DecisionPart, DialoguePart, Fact, ModelPart, ReportPart
from services.reporting.domain.registry import Provider, Site
from services.reporting.domain.states import State
from services.reporting.domain.stored import ExposureRecord, StoredBucket
from services.reporting.ports import Announcer, FactKey, FoldStore, SiteKey
from shared.taxonomy import precedence


@dataclass(frozen=True)
class ReportTold:
    """Intake stated a report; `counts_in_age` where its time to the view is measured (live, not replayed)."""

    key: FactKey
    part: ReportPart
    counts_in_age: bool


@dataclass(frozen=True)
class LabelsStated:
    """The classifier stated labels; `model` holds what a model said beside them, None for a person."""

    key: FactKey
    said: precedence.Fact
    model: ModelPart | None


@dataclass(frozen=True)
class EscalationJudged:
    """People decided whether a report's escalation stands."""

    key: FactKey
    part: DecisionPart


@dataclass(frozen=True)
class Said:
    """Something passed between reviewers and the reporter of a report."""

    key: FactKey
    part: DialoguePart


@dataclass(frozen=True)
class Erased:
    """A report was erased at a revision; `held` while it was held from its site."""

    key: FactKey
    revision: int
    held: bool


@dataclass
class Batch:
    """A batch of events by kind, each list in the order of the log; `states` are by their own kind."""

    reports: list[ReportTold] = field(default_factory=list)
    labels: list[LabelsStated] = field(default_factory=list)
    providers: list[Provider] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)
    exposure: list[ExposureRecord] = field(default_factory=list)
    states: dict[str, list[State]] = field(default_factory=dict)
    decisions: list[EscalationJudged] = field(default_factory=list)
    dialogue: list[Said] = field(default_factory=list)
    erasures: list[Erased] = field(default_factory=list)


@dataclass
class Applied:
    """What a batch did.

    Attributes:
        rows: How many rows of the view changed.
        newly_visible: When those live reports were received that this batch made visible.
    """

    rows: int = 0
    newly_visible: list[datetime] = field(default_factory=list)


async def fold(batch: Batch, store: FoldStore, announcer: Announcer | None) -> Applied:
    """Take a batch in; events may come in any order across kinds, and more than once.

    Args:
        batch: What was read.
        store: Facts and buckets, inside a transaction.
        announcer: Told of every row that changed; None leaves the rows as they are, to be counted by `refresh` later.

    Returns:
        What became of it.
    """
    applied = Applied()
    touched = await _fold_facts(batch, store, applied)
    await _fold_providers(batch.providers, store)
    touched |= await _fold_sites(batch.sites, store)
    touched |= await _fold_exposure(batch.exposure, store)
    for kind, states in batch.states.items():
        await _fold_states(kind, states, store)
    if touched and announcer is not None:
        applied.rows = await refresh(touched, store, announcer)
    return applied


async def refresh(cells: Collection[Cell], store: FoldStore, announcer: Announcer) -> int:
    """Recompute cells from the facts and write the buckets that changed.

    Args:
        cells: Sites and weeks.
        store: Facts and buckets, inside a transaction.
        announcer: Told of every row that changed.

    Returns:
        How many rows changed.
    """
    stored = await store.buckets(cells)
    origin = await store.origin()
    rows = [
        _next(bucket, stored.get(bucket.cell, {}).get(bucket.domain), origin, announcer)
        for bucket in await _differing(cells, store, stored)
    ]
    await store.put_buckets(rows)
    written = {row.bucket.cell for row in rows if row.bucket.domain == ALL}
    await store.touch([cell for cell in cells if cell not in written])
    return len(rows)


async def recomputed(cells: Collection[Cell], store: FoldStore) -> list[Bucket]:
    """Recompute cells from the facts and return the buckets that differ from what is stored; nothing is written.

    Args:
        cells: Sites and weeks.
        store: Facts and buckets, inside a transaction.
    """
    return await _differing(cells, store, await store.buckets(cells))


async def _differing(
    cells: Collection[Cell], store: FoldStore, stored: Mapping[Cell, Mapping[str, StoredBucket]]
) -> list[Bucket]:
    tallies, exposure = await store.tallies(cells), await _exposure(cells, store)
    found: list[Bucket] = []
    for cell in sorted(cells):
        plain = {domain: row.bucket for domain, row in stored.get(cell, {}).items()}
        found += recompute(cell, tallies.get(cell, []), exposure.get(cell), plain)
    return found


def _next(
    bucket: Bucket, last: StoredBucket | None, origin: tuple[int, Mapping[str, int] | None], announcer: Announcer
) -> StoredBucket:
    version, tick = (last.version, last.tick) if last else origin
    before = last.bucket if last else Bucket(bucket.cell, bucket.domain)
    tick = announcer.announce(StoredBucket(bucket, version + 1, tick), before)
    return StoredBucket(bucket, version + 1, tick)


async def _exposure(cells: Collection[Cell], store: FoldStore) -> dict[Cell, tuple[float, str]]:
    periods = await store.periods(cells)
    if not periods:
        return {}
    sites = await store.sites({(cell.provider_id, cell.site_id) for cell in periods})
    found = {}
    for cell, recorded in periods.items():
        site = sites.get((cell.provider_id, cell.site_id))
        value = exposure_of_week(cell.week, recorded, site.at(cell.week).setting if site else None)
        if value is not None:
            found[cell] = value
    return found


async def _fold_facts(batch: Batch, store: FoldStore, applied: Applied) -> set[Cell]:
    keys = {told.key for told in batch.reports} | {stated.key for stated in batch.labels}
    keys |= {judged.key for judged in batch.decisions} | {said.key for said in batch.dialogue}
    keys |= {erased.key for erased in batch.erasures}
    if not keys:
        return set()
    before = await store.facts(keys)
    now = dict(before)
    for told in batch.reports:
        fact = now.get(told.key) or Fact(*told.key)
        if fact.report is None and told.counts_in_age and not told.part.withdrawn:
            applied.newly_visible.append(told.part.received_at)
        now[told.key] = fact.with_report(told.part)
    for stated in batch.labels:
        fact = now.get(stated.key) or Fact(*stated.key)
        now[stated.key] = fact.with_labels(stated.said, stated.model)
    for judged in batch.decisions:
        now[judged.key] = (now.get(judged.key) or Fact(*judged.key)).with_decision(judged.part)
    for said in batch.dialogue:
        now[said.key] = (now.get(said.key) or Fact(*said.key)).with_dialogue(said.part)
    for erased in batch.erasures:
        now[erased.key] = (now.get(erased.key) or Fact(*erased.key)).with_erasure(erased.revision, erased.held)
    changed = {key: fact for key, fact in now.items() if fact != before.get(key)}
    await store.put_facts(list(changed.values()))
    if batch.erasures:
        await store.forget_panels({erased.key[0] for erased in batch.erasures})
    await _note_versions(batch.labels, store)
    return set(_cells(changed, before))


def _cells(changed: Mapping[FactKey, Fact], before: Mapping[FactKey, Fact]) -> Iterable[Cell]:
    """Return the cells whose counts differ: where a report counted, and where it counts now."""
    for key, fact in changed.items():
        old = before.get(key)
        was, now = old.shown() if old else None, fact.shown()
        if was == now:
            continue
        for shown in (was, now):
            if shown is not None:
                yield Cell(fact.provider_id, fact.site_id, shown.week)


async def _note_versions(labels: Sequence[LabelsStated], store: FoldStore) -> None:
    versions = {(s.key[0], s.model.taxonomy_version, s.model.model_version) for s in labels if s.model}
    if versions:
        await store.note_versions(versions)


async def _fold_providers(providers: Sequence[Provider], store: FoldStore) -> None:
    if not providers:
        return
    known = await store.providers({provider.provider_id for provider in providers})
    changed = {}
    for provider in providers:
        old = known.get(provider.provider_id)
        if old is None or provider.revision > old.revision:
            known[provider.provider_id] = changed[provider.provider_id] = provider
    await store.put_providers(list(changed.values()))


async def _fold_sites(sites: Sequence[Site], store: FoldStore) -> set[Cell]:
    """Keep sites; where the kind of service changed, the unit of past exposure may have changed too."""
    if not sites:
        return set()
    known = await store.sites({(site.provider_id, site.site_id) for site in sites})
    changed: dict[SiteKey, Site] = {}
    other_kind: set[SiteKey] = set()
    for site in sites:
        key = (site.provider_id, site.site_id)
        old = known.get(key)
        if old is not None and site.revision <= old.revision:
            continue
        if old is None or old.settings() != site.settings():
            other_kind.add(key)
        known[key] = changed[key] = site
    await store.put_sites(list(changed.values()))
    return set(await store.cells_with_exposure(other_kind)) if other_kind else set()


async def _fold_exposure(records: Sequence[ExposureRecord], store: FoldStore) -> set[Cell]:
    if not records:
        return set()
    keyed = [((r.provider_id, r.site_id, r.period.unit, r.period.start), r) for r in records]
    known = await store.exposure({key for key, _ in keyed})
    changed, touched = {}, set()
    for key, record in keyed:
        old = known.get(key)
        if old is not None and record.revision <= old.revision:
            continue
        touched |= {cell for cell in (record.cell(), old.cell() if old else None) if cell}
        known[key] = changed[key] = record
    if changed:
        await store.guard_sites({(record.provider_id, record.site_id) for record in changed.values()})
        await store.put_exposure(list(changed.values()))
    return touched


async def _fold_states(kind: str, states: Sequence[State], store: FoldStore) -> None:
    known = await store.states(kind, {(state.provider_id, state.state_id) for state in states})
    changed = {}
    for state in states:
        key = (state.provider_id, state.state_id)
        if key not in known or state.version > known[key].version:
            known[key] = changed[key] = state
    await store.put_states(kind, list(changed.values()))
