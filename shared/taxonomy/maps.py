"""Dated maps from our words to those of others: national code lists, the regulator's frameworks, an error index."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final

from shared.taxonomy.loader import load_taxonomy, read_folder
from shared.taxonomy.model import Taxonomy
from shared.taxonomy.rows import Row

STATUSES: Final = ("in_force", "draft", "superseded")
KINDS: Final = ("domains", "event_classes", "settings", "how_caught")


@dataclass(frozen=True, slots=True)
class Code:
    """One word of somebody else's list: the list's name, the code, and how it reads there."""

    list_name: str
    code: str
    title: str


@dataclass(frozen=True, slots=True)
class OutwardMap:
    """How our words read in one version of somebody else's vocabulary.

    Attributes:
        id: Its stable name.
        version: The taxonomy's release that it belongs to.
        family: What it is a version of; of one family a reader shows the ones that he asks for.
        title: What a screen shows.
        status: in_force, draft (may still change) or superseded (a newer one is in use elsewhere).
        effective_from: The first day on which it held.
        effective_to: The last day; None while none is known.
        source: Where it comes from.
        to_be_confirmed: Whether the body that owns the list has yet to confirm our reading.
        lists: Its lists: code to title, by name.
        words: Kind of word, our word, and the codes that it goes to; empty where it has no counterpart.
    """

    id: str
    version: str
    family: str
    title: str
    status: str
    effective_from: date
    effective_to: date | None
    source: str
    to_be_confirmed: bool
    lists: Mapping[str, Mapping[str, str]]
    words: Mapping[str, Mapping[str, tuple[Code, ...]]]

    def codes(self, kind: str, word: str) -> tuple[Code, ...]:
        """Return where one of our words goes.

        Args:
            kind: domains, event_classes, settings or how_caught.
            word: The word; one that is not known here, such as of a newer taxonomy, goes nowhere.

        Returns:
            The codes, the plainest first; empty where there is no counterpart.
        """
        return self.words.get(kind, {}).get(word, ())

    def holds_on(self, day: date) -> bool:
        """Tell whether it held on a day."""
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)


def load_maps(folder: Path | None = None, taxonomy: Taxonomy | None = None) -> Mapping[str, OutwardMap]:
    """Read all outward maps.

    Args:
        folder: The folder that holds `maps/`; None for the data that is shipped.
        taxonomy: The words that must be mapped; None loads those that are shipped.

    Returns:
        The maps by id, in the order of their names.

    Raises:
        TaxonomyError: a file is inconsistent; the message names file, line and reason.
    """
    taxonomy = taxonomy or load_taxonomy(folder)
    ours: dict[str, Collection[str]] = {
        "domains": taxonomy.domains,
        "event_classes": taxonomy.event_classes,
        "settings": taxonomy.settings,
        "how_caught": taxonomy.how_caught,
    }
    found: dict[str, OutwardMap] = {}
    for row in read_folder(folder or Path(__file__).parent / "data", "maps").values():
        made = _map(row, ours)
        if made.version != taxonomy.version:
            raise row.error(f"version {made.version} differs from the taxonomy's {taxonomy.version}")
        if made.id in found:
            raise row.error(f"id {made.id!r} stands in two files")
        found[made.id] = made
    return MappingProxyType(found)


def in_force(maps: Mapping[str, OutwardMap], family: str, day: date) -> Sequence[OutwardMap]:
    """Return the maps of a family that held on a day, those in force before drafts, the newest first."""
    held = [found for found in maps.values() if found.family == family and found.holds_on(day)]
    return sorted(held, key=lambda found: (STATUSES.index(found.status), -found.effective_from.toordinal()))


def _map(row: Row, ours: Mapping[str, Collection[str]]) -> OutwardMap:
    row.only(
        "version", "id", "family", "title", "status", "effective_from", "effective_to", "source", "to_be_confirmed",
        "lists", "maps",
    )  # fmt: skip
    first, last = _day(row, "effective_from"), _day_or_none(row, "effective_to")
    if last is not None and last < first:
        raise row.error(f"effective_to {last} is before effective_from {first}", row.place("effective_to"))
    section = row.section("lists")
    lists = {name: section.mapping(name) for name in section.fields}
    words = row.section("maps")
    words.only(*KINDS)
    return OutwardMap(
        id=row.text("id"),
        version=row.text("version"),
        family=row.text("family"),
        title=row.text("title"),
        status=row.one_of("status", STATUSES),
        effective_from=first,
        effective_to=last,
        source=row.text("source"),
        to_be_confirmed=row.flag("to_be_confirmed"),
        lists=MappingProxyType({name: MappingProxyType(codes) for name, codes in lists.items()}),
        words=MappingProxyType(
            {kind: _words(words.section(kind), ours[kind], lists, all_of=kind != "domains") for kind in words.fields}
        ),
    )


def _words(
    row: Row, ours: Collection[str], lists: Mapping[str, Mapping[str, str]], *, all_of: bool
) -> Mapping[str, tuple[Code, ...]]:
    """Read where words go; a map may speak of one domain alone, but of classes, settings and catching all or none."""
    for word in row.fields:
        if word not in ours:
            raise row.error(f"word {word!r} is not known", row.place(word))
    missing = [word for word in ours if word not in row.fields]
    if missing and (all_of or len(row.fields) > 1):
        raise row.error(f"{', '.join(missing)} go nowhere; write [] where there is no counterpart")
    known = {
        f"{name}/{code}": Code(name, code, title) for name, codes in lists.items() for code, title in codes.items()
    }
    return MappingProxyType({word: tuple(known[said] for said in row.names(word, known)) for word in row.fields})


def _day(row: Row, key: str) -> date:
    found = _day_or_none(row, key)
    if found is None:
        raise row.error(f"field {key} is missing or blank")
    return found


def _day_or_none(row: Row, key: str) -> date | None:
    said = row.text_or_none(key)
    try:
        return date.fromisoformat(said) if said is not None else None
    except ValueError:
        raise row.error(f"{key} {said!r} is not a date like 2026-11-30", row.place(key)) from None
