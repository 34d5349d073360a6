"""Reads the packs of duties and refuses what is inconsistent, with file, line and reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from shared.taxonomy.duties import UNANSWERED_TO, UNCONFIRMED, CouncilRule, DutyPacks, DutyRule
from shared.taxonomy.duty_rows import Head, council_rule, duty_rule
from shared.taxonomy.loader import read_folder
from shared.taxonomy.model import Taxonomy
from shared.taxonomy.rows import Row, TaxonomyError

_FOLDER: Final = "duties"


def load_duties(taxonomy: Taxonomy, folder: Path | None = None) -> DutyPacks:
    """Read all packs of duties.

    Args:
        taxonomy: The words that the rules may refer to.
        folder: The data folder that has `duties/` in it; None for the one that is shipped.

    Returns:
        The packs, their rules in the order of the packs' places.

    Raises:
        TaxonomyError: a file is inconsistent; the message names file, line and reason.
    """
    files = read_folder(folder or Path(__file__).parent / "data", _FOLDER)
    if not files:
        raise TaxonomyError(f"{_FOLDER}:1: there is no pack")
    heads = {name: _head(name, file) for name, file in files.items()}
    national = {name: file for name, file in files.items() if "council" not in file.fields}
    rules: list[tuple[int, DutyRule]] = []
    rows: list[tuple[Row, DutyRule]] = []
    versions: dict[str, list[DutyRule]] = defaultdict(list)
    for name, file in national.items():
        file.only("version", "confirmation", "place", "unanswered_to", "rules")
        for row in file.rows("rules"):
            rule = duty_rule(row, heads[name], taxonomy)
            _refuse_overlap(row, rule, versions[rule.id], f"rule {rule.id!r}")
            versions[rule.id].append(rule)
            rules.append((file.count("place"), rule))
            rows.append((row, rule))
    by_id = {rule.id: rule for _, rule in rules}
    for row, rule in rows:
        if rule.trigger.words_of:
            row.section("trigger").names("words_of", by_id)  # refuses a name that no pack has
    councils = [
        said for name, file in files.items() if name not in national for said in _council(file, heads[name], by_id)
    ]
    return DutyPacks(
        rules=tuple(rule for _, rule in sorted(rules, key=lambda placed: placed[0])),
        councils=tuple(councils),
        versions=MappingProxyType({name: head.version for name, head in heads.items()}),
    )


def _head(name: str, file: Row) -> Head:
    if file.text("confirmation") != UNCONFIRMED:
        raise file.error(f"confirmation must read {UNCONFIRMED!r}", file.place("confirmation"))
    last = "" if "council" in file.fields else file.one_of("unanswered_to", UNANSWERED_TO)
    return Head(name, file.text("version"), last)


def _council(file: Row, head: Head, rules: Mapping[str, DutyRule]) -> list[CouncilRule]:
    file.only("version", "confirmation", "council", "invented", "rules")
    file.flag("invented")
    council = file.text("council")
    found: list[CouncilRule] = []
    for row in file.rows("rules"):
        said = council_rule(row, head, council, rules)
        _refuse_overlap(row, said, [other for other in found if other.amends == said.amends], f"{said.amends!r}")
        found.append(said)
    return found


def _refuse_overlap(row: Row, new: DutyRule | CouncilRule, known: Sequence[DutyRule | CouncilRule], what: str) -> None:
    """Refuse two versions of one thing that were in force on the same day."""
    for other in known:
        starts_before_end = other.effective_to is None or new.effective_from <= other.effective_to
        ends_after_start = new.effective_to is None or new.effective_to >= other.effective_from
        if starts_before_end and ends_after_start:
            raise row.error(f"{what} stands twice for the same days")
