"""Evidence packs: claims with their figures, each of which says what it was counted from, frozen when issued."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Literal

from services.reporting.domain.overview import WEEK
from services.reporting.domain.reading import Span
from shared.taxonomy.event_class import NEAR_MISS

Audience = Literal["cqc", "commissioner", "board"]
AUDIENCES: tuple[Audience, ...] = ("cqc", "commissioner", "board")
OUTSIDERS = frozenset({"commissioner"})
"""Audiences that get counts under the disclosure policy; the regulator may see records, the board answers for them."""
SCHEMA = "pack-2"
"""The second form: sections tell their weeks, remedies their rate ratio; a reader of the first one misses nothing."""


@dataclass(frozen=True)
class Tally:
    """So many reports of a site, told in one week, that have the same domains and class."""

    site_id: str
    week: date
    domains: tuple[str, ...]
    event_class: str
    number: int


@dataclass(frozen=True)
class Figure:
    """One number.

    Attributes:
        key: Names it across packs.
        label: What it is, with the unit.
        value: The number; "*" where it is withheld, None where it is not known.
        view: View that it was counted from.
        rule_version: Version of the rules or the taxonomy behind it.
        policy_version: Version of the disclosure policy.
    """

    key: str
    label: str
    value: float | str | None
    view: str
    rule_version: str
    policy_version: str


@dataclass(frozen=True)
class PackWeek:
    """One week of a section: near misses, and all other reports, that were told in it."""

    start: date
    near_misses: int
    others: int


@dataclass(frozen=True)
class Remedy:
    """One action and what came of it; no words that anybody typed.

    Attributes:
        title: What was done.
        sites: At how many sites.
        strength: weaker, intermediate or stronger.
        done_on: When the last of them was completed.
        days_to_act: From proposed to completed; None for several.
        verdict: The verdict; None where nothing was judged.
        sentence: The verdict's sentence; None where it would tell a withheld count, or for several.
        rate_ratio: Rate after against before; None alike.
        ci_low: Lower end of its 95 % interval; None alike.
        ci_high: Upper end; None where it is open, or alike.
    """

    title: str
    sites: int
    strength: str
    done_on: date
    days_to_act: int | None
    verdict: str | None
    sentence: str | None
    rate_ratio: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None


@dataclass(frozen=True)
class Section:
    """A claim, the figures that bear it, and what was done.

    Attributes:
        heading: What it is about.
        codes: Where it stands in the reader's own framework, that in force first and a draft called a draft.
        category: Category of evidence.
        claim: One sentence that the figures bear out.
        figures: The numbers.
        remedies: Actions and verdicts.
        unknown: What is not known yet.
        weeks: What its picture is drawn from; none where counts are withheld, since weeks hold small numbers.
    """

    heading: str
    codes: tuple[str, ...]
    category: str
    claim: str
    figures: tuple[Figure, ...]
    remedies: tuple[Remedy, ...] = ()
    unknown: tuple[str, ...] = ()
    weeks: tuple[PackWeek, ...] = ()


@dataclass(frozen=True)
class Change:
    """A figure of the pack before that reads otherwise now, over the same weeks; both None where only that is told."""

    label: str
    then: float | str | None
    now: float | str | None


@dataclass(frozen=True)
class Since:
    """What has changed since the pack before.

    Attributes:
        pack_id: That pack.
        issued_at: When it was issued.
        late: Reports of its weeks that reached us after it; None where that is withheld.
        changes: Its figures that read otherwise now: late, withdrawn as duplicates, or coded anew.
    """

    pack_id: str
    issued_at: datetime
    late: int | str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Pack:
    """A pack as it is issued.

    Attributes:
        pack_id: Its id.
        audience: Whom it is for.
        provider_id: The tenant.
        provider_name: As it was called.
        synthetic: Whether all its data are invented.
        title: Its title.
        contract: The contract that it is about; None for the whole provider.
        sites: Ids of its sites.
        span: Its weeks.
        widened: Whether the weeks were made more than asked for, so that counts may be shown.
        sections: Claims and figures.
        commentary: What the author says.
        signed_by: Name of who signs it off.
        signed_role: In which role.
        issued_at: When it was frozen.
        complete_until: Everything in the log by then was counted; None where that was not known.
        since: What has changed since the one before; None for a first one.
        schema: Version of this form.
    """

    pack_id: str
    audience: Audience
    provider_id: str
    provider_name: str
    synthetic: bool
    title: str
    contract: str | None
    sites: tuple[str, ...]
    span: Span
    widened: bool
    sections: tuple[Section, ...]
    commentary: str
    signed_by: str
    signed_role: str
    issued_at: datetime
    complete_until: datetime | None
    since: Since | None
    schema: str = SCHEMA


def count_any(tallies: Iterable[Tally], domains: Sequence[str], near_misses_only: bool = False) -> int:
    """Count reports that have any of some domains, each once; no domains stand for all reports."""
    wanted = set(domains)
    return sum(
        tally.number
        for tally in tallies
        if (not wanted or wanted & set(tally.domains)) and (not near_misses_only or tally.event_class == NEAR_MISS)
    )


def weeks_of(tallies: Iterable[Tally], domains: Sequence[str], span: Span) -> tuple[PackWeek, ...]:
    """Count, week by week, reports that have any of some domains; no domains stand for all reports.

    Args:
        tallies: What was counted.
        domains: Words of domains.
        span: The weeks; those without a report are there too.
    """
    wanted = set(domains)
    counts = {span.first + WEEK * number: [0, 0] for number in range(span.weeks)}
    for tally in tallies:
        if not wanted or wanted & set(tally.domains):
            counts[tally.week][tally.event_class != NEAR_MISS] += tally.number
    return tuple(PackWeek(start, *numbers) for start, numbers in counts.items())


def figures_of(sections: Iterable[Section]) -> dict[str, Figure]:
    """Return all figures by key."""
    return {figure.key: figure for section in sections for figure in section.figures}


def changes_between(then: Iterable[tuple[str, Figure]], now: Iterable[Section], told: bool) -> tuple[Change, ...]:
    """Return the figures of before that read otherwise over the same weeks now.

    Args:
        then: Figures as they were issued, each with the heading that it stood under.
        now: The same sections, counted again.
        told: Whether the numbers are told; outsiders learn only which figures changed: two numbers have a difference.
    """
    current = figures_of(now)
    found = [
        Change(f"{heading}: {old.label}", old.value, current[old.key].value)
        for heading, old in then
        if old.key in current
    ]
    changed = [change for change in found if change.then != change.now]
    return tuple(change if told else Change(change.label, None, None) for change in changed)


@dataclass(frozen=True)
class IssuedPack:
    """A pack as it lies in the database of issued things.

    Attributes:
        provider_id: The tenant.
        pack_id: Its id.
        audience: Whom it is for.
        contract: The contract that it is about; None for the whole provider.
        title: Its title.
        sites: Ids of its sites.
        span: Its weeks.
        issued_at: When it was frozen.
        signed_by: Who signed it off.
        series: Counts the packs of the same audience and contract, from 1.
        body: The pack as canonical JSON: what the hash is of.
        content_hash: SHA-256 of the body, in hexadecimal.
    """

    provider_id: str
    pack_id: str
    audience: Audience
    contract: str | None
    title: str
    sites: tuple[str, ...]
    span: Span
    issued_at: datetime
    signed_by: str
    series: int
    body: str
    content_hash: str

    def sound(self) -> bool:
        """Tell whether the body is what was hashed when it was issued."""
        return sha256(self.body.encode()).hexdigest() == self.content_hash
