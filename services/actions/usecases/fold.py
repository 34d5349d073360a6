"""Take what the log says of sites, reports and exposure, and propose the remedies that it calls for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.actions.domain import tasks
from services.actions.domain.asset_register import RegisteredAsset
from services.actions.domain.exposure import Exposure
from services.actions.domain.facts import HELD, Evidence, Fact, ReportPart
from services.actions.domain.matching import Lanes, Match, Plan, plan
from services.actions.domain.oversight.holders import RoleHolders
from services.actions.ports import Act, EvidenceAsk, FactKey, LaneKey, ProviderCard, SiteCard, SiteKey, Work
from services.actions.ports.oversight import OversightWork
from services.actions.usecases.duties import Rulebook, Spoken, advise
from services.actions.usecases.oversight import follow
from shared.taxonomy import precedence
from shared.taxonomy.model import Playbook
from shared.taxonomy.oversight import Oversight

SYSTEM = "system"
NO_LANES = Lanes()


@dataclass
class Batch:
    """What a batch of records says, in the words of the domain."""

    sites: list[SiteCard] = field(default_factory=list)
    providers: list[ProviderCard] = field(default_factory=list)
    exposure: list[Exposure] = field(default_factory=list)
    reports: list[tuple[FactKey, ReportPart]] = field(default_factory=list)
    labels: list[tuple[FactKey, precedence.Fact]] = field(default_factory=list)
    spoken: list[tuple[FactKey, Spoken]] = field(default_factory=list)
    holders: list[RoleHolders] = field(default_factory=list)
    assets: list[RegisteredAsset] = field(default_factory=list)
    reviews: list[tuple[FactKey, datetime]] = field(default_factory=list)


async def fold(
    batch: Batch, work: OversightWork, playbooks: Mapping[str, Playbook], rulebook: Rulebook, oversight: Oversight
) -> None:
    """Apply a batch; the same batch again, or its parts in another order, leads to the same facts.

    Args:
        batch: What the records say.
        work: The transaction.
        playbooks: The remedies by id.
        rulebook: The duties that may follow from a report.
        oversight: Which reports are cards, and whom they alert.
    """
    if batch.holders:
        await work.holders.keep(batch.holders)
    if batch.assets:
        await work.assets.keep(batch.assets)
    if batch.sites or batch.providers:
        await work.facts.keep_registry(batch.sites, batch.providers)
    if batch.exposure:
        await work.facts.keep_exposure(batch.exposure)
    changed, new = await _take_parts(batch, work, rulebook)
    if changed:
        await _match(changed, work, playbooks)
        await follow(changed, new, work, oversight)
    await advise(changed, new, {(card.provider_id, card.site_id) for card in batch.sites}, work, rulebook)


async def _take_parts(batch: Batch, work: Work, rulebook: Rulebook) -> tuple[list[Fact], set[FactKey]]:
    """Store what is new of reports and return the facts that changed, and which of them nobody had heard of."""
    keys = {key for key, _ in batch.reports} | {key for key, _ in batch.labels}
    touched = keys | {key for key, _ in batch.reviews}
    if not touched:
        return [], set()
    before = await work.facts.load(touched)
    after = {key: before.get(key) or Fact(*key) for key in touched}
    for key, part in batch.reports:
        after[key] = after[key].with_report(part)
    for key, said in batch.labels:
        after[key] = after[key].with_labels(said)
    for key, spoken in batch.spoken:
        after[key] = after[key].with_asked(rulebook.asked(spoken))
    # A review alone changes nothing that playbooks, cards or duties go by.
    changed = [key for key in keys if after[key] is not before.get(key)]
    for key, at in batch.reviews:
        after[key] = after[key].with_review(at)
    moved = [fact for key, fact in after.items() if fact is not before.get(key)]
    if moved:
        await work.facts.save(moved)
    return [after[key] for key in changed], keys - set(before)


async def _match(changed: Sequence[Fact], work: Work, playbooks: Mapping[str, Playbook]) -> None:
    asks = _asks(changed, playbooks)
    withdrawn, hidden = _gone(changed)
    sites: set[SiteKey] = {key[:2] for key in asks} | set(withdrawn) | set(hidden)
    if not sites:
        return
    lanes = await work.tasks.lanes(sites)
    evidence = await work.facts.evidence(list(asks.values()))
    for key in sorted(set(asks) | {key for key in lanes if key[:2] in sites}):
        site: SiteKey = key[:2]
        playbook = playbooks.get(key[2])
        here = lanes.get(key, NO_LANES)
        called = plan(playbook.pattern, evidence.get(site, []), here) if playbook and key in asks else None
        if called is not None and playbook is not None and called.what == "propose":
            await _propose(playbook, site, here, called, work)
        for task in (here.site, here.held):
            if task is not None:
                gone = withdrawn[site] | (hidden[site] if task.visibility != HELD else set())
                await _link(task, called if called and called.task is task else None, gone, work)


def _asks(changed: Sequence[Fact], playbooks: Mapping[str, Playbook]) -> dict[LaneKey, EvidenceAsk]:
    """Say which reports could, with the changed ones, make a playbook's pattern: those a window away at most."""
    asks: dict[LaneKey, EvidenceAsk] = {}
    fitting: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Playbook]] = {}
    for report in (fact.evidence() for fact in changed):
        if report is None or not report.domains + report.factors:
            continue
        labels = (report.domains, report.factors)
        if labels not in fitting:
            fitting[labels] = [book for book in playbooks.values() if book.pattern.fits(*labels)]
        for playbook in fitting[labels]:
            key = (report.provider_id, report.site_id, playbook.id)
            asks[key] = _wider(asks.get(key), report, playbook)
    return asks


def _wider(ask: EvidenceAsk | None, report: Evidence, playbook: Playbook) -> EvidenceAsk:
    reach = timedelta(days=playbook.pattern.window_days - 1)
    first, last = report.day - reach, report.day + reach
    if ask is not None:
        first, last = min(first, ask.first), max(last, ask.last)
    return EvidenceAsk(report.provider_id, report.site_id, playbook.pattern, first, last)


def _gone(changed: Sequence[Fact]) -> tuple[dict[SiteKey, set[str]], dict[SiteKey, set[str]]]:
    """Return the reports that left the counts, and those that are now held from their site, by site."""
    withdrawn: dict[SiteKey, set[str]] = defaultdict(set)
    hidden: dict[SiteKey, set[str]] = defaultdict(set)
    for fact in changed:
        if fact.report is not None and fact.report.withdrawn:
            withdrawn[fact.provider_id, fact.site_id].add(fact.report_id)
        elif fact.report is not None and fact.report.visibility == HELD:
            hidden[fact.provider_id, fact.site_id].add(fact.report_id)
    return withdrawn, hidden


async def _propose(playbook: Playbook, site: SiteKey, lanes: Lanes, called: Plan, work: Work) -> None:
    act = _act("ActionProposed", called.match.trigger, work)
    task = tasks.propose(playbook, *site, lanes.ordinal + 1, called.match.report_ids, called.visibility, act.at)
    await work.tasks.save(task, act)


async def _link(task: tasks.Task, called: Plan | None, gone: set[str], work: Work) -> None:
    """Bring an open task's links up to date: one new version and one event at most."""
    match: Match | None = called.match if called else None
    if called is not None and called.what == "reveal":
        act = _act("ActionChanged", called.match.trigger, work)
        await work.tasks.save(tasks.reveal(task, called.match.report_ids, act.at), act)
        return
    linked = tasks.with_evidence(task, match.report_ids if match else (), gone)
    if linked is not task:
        act = _act("ActionChanged", match.newest if match else None, work)
        await work.tasks.save(linked, act)


def _act(event: str, report: Evidence | None, work: Work) -> Act:
    """Date what the service does: replayed history counts from when it was told, all else from now."""
    replay = report is not None and report.replay
    return Act(event, SYSTEM, "", report.reported_at if report is not None and replay else work.now, replay=replay)
