"""Who is heard from, counted from a panel: each site's voices, and all of them together."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from services.reporting.domain import panel as of
from services.reporting.domain.columns import Columns, Places, Words
from services.reporting.domain.panel import BITS, Panel
from services.reporting.domain.voices import Voices
from services.reporting.domain.waits import Waits, order_by, ordered_within, waits_of, waits_together

Whole = npt.NDArray[np.intp]
FLAGS = {
    "anonymous": of.ANONYMOUS,
    "with_place": of.PLACE,
    "with_stop": of.STOP,
    "with_worry": of.WORRY,
    "corrected": of.CORRECTED,
    "needs_review": of.REVIEW,
    "closed": of.CLOSED,
    "closed_with_feedback": of.FED_BACK,
}
COUNTED = (*FLAGS, "reports", "no_domain", "with_token", "reporters")
WAITS = {"to_tell": "hours", "to_triage": "triage", "to_feedback": "feedback"}
"""How long things took, by their columns."""
ASKED_MAX = 32
"""So many periods are kept; one of 500 sites takes about a megabyte."""


@dataclass(frozen=True)
class Heard:
    """What a period's reports say about reporting.

    Attributes:
        sites: Each site that told anything.
        together: All of them; reporters are counted per site, as their pseudonyms are.
    """

    sites: dict[str, Voices]
    together: Voices


def heard(panel: Panel, told: Places) -> Heard:
    """Gather the voices of reports.

    Args:
        panel: Where they are.
        told: Which reports.
    """
    return _heard(panel, told, _voices(panel, told))


_Asked = OrderedDict[Hashable, tuple[int, dict[str, Voices]]]
"""What sites said by what was asked, and the turn of the table at which they did."""


class HeardAgain:
    """Gathers voices again and again while reports come in: only of the sites where anything changed since.

    What is kept are sums, and only as long as the panel's reports are the same table.
    """

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[Columns, _Asked] = WeakKeyDictionary()

    def of(self, panel: Panel, told: Places, asked: Hashable) -> Heard:
        """Gather the voices of reports, as `heard` does.

        Args:
            panel: Where they are.
            told: Which reports: all of the panel, of all sites, that fit what is asked.
            asked: What `told` was chosen by.
        """
        of_table = self._kept.setdefault(panel.reports, OrderedDict())
        turn, known = of_table.get(asked, (None, {}))
        changed = np.full(len(panel.sites), turn is None)
        if turn is not None:
            changed[panel.reports.changed_since(turn)] = True
        named = zip(panel.sites.all(), changed.tolist(), strict=True)
        same = {str(name): known[str(name)] for name, new in named if not new and name in known}
        again = told if changed.all() else told[changed[panel.numbers("site", told)]]
        sites = same | _voices(panel, again)
        of_table[asked] = panel.reports.turn, sites
        of_table.move_to_end(asked)
        while len(of_table) > ASKED_MAX:
            of_table.popitem(last=False)
        return _heard(panel, told, sites)


def _heard(panel: Panel, told: Places, sites: dict[str, Voices]) -> Heard:
    """Add up the sites; how long something took cannot be added, and is taken from all the reports."""
    all_of_them = list(sites.values())

    def both(name: str) -> dict[str, int]:
        added: Counter[str] = Counter()
        for voices in all_of_them:
            added.update(getattr(voices, name))
        return dict(sorted(added.items()))

    def any_of(name: str) -> tuple[str, ...]:
        return tuple(sorted({word for voices in all_of_them for word in getattr(voices, name)}))

    said: dict[str, Any] = {name: both(name) for name in ("by_class", "reasons")}
    said |= {name: any_of(name) for name in ("roles", "shifts")}
    said |= {name: sum(getattr(voices, name) for voices in all_of_them) for name in COUNTED}
    said |= {field: _together(panel.reports[name][told]) for field, name in WAITS.items()}
    return Heard(sites, Voices("", **said))


def _together(times: npt.NDArray[np.int32]) -> Waits:
    return waits_together(times[times != of.NOT_TOLD], of.PER_HOUR)


def _voices(panel: Panel, told: Places) -> dict[str, Voices]:
    """Return the voices of each site that told anything."""
    told = told[order_by(panel.numbers("site", told))]
    numbered = panel.numbers("site", told)
    speaking = np.flatnonzero(np.bincount(numbered, minlength=len(panel.sites)))
    line, sites = np.zeros(len(panel.sites), np.intp), len(speaking)
    line[speaking] = np.arange(sites)
    site, names = line[numbered], panel.sites.all()
    said: dict[str, Sequence[Any]] = {**_numbers(panel, told, site, sites)}
    for field, column, known in (
        ("by_class", "event_class", panel.classes),
        ("reasons", "reason", panel.reasons),
        ("roles", "role", panel.roles),
        ("shifts", "shift", panel.shifts),
    ):
        said[field] = _tallied(panel.numbers(column, told), site, sites, known)
    for field in ("roles", "shifts"):
        said[field] = [tuple(tallied) for tallied in said[field]]
    for field, column in WAITS.items():
        said[field] = _waits(panel.numbers(column, told), site, sites)
    told_by = [str(names[number]) for number in speaking.tolist()]
    return {
        name: Voices(name, **{field: found[at] for field, found in said.items()}) for at, name in enumerate(told_by)
    }


def _numbers(panel: Panel, told: Places, site: Whole, sites: int) -> dict[str, list[int]]:
    """Return all that is only counted, by site."""
    cells = np.bincount((site << BITS) + panel.numbers("flags", told), minlength=sites << BITS)
    by_bits = cells.reshape(sites, 1 << BITS).astype(np.float64)
    ways = np.arange(1 << BITS)[:, np.newaxis]
    by_flag = by_bits @ ((ways & np.array(list(FLAGS.values()))) != 0).astype(np.float64)
    made = dict(zip(FLAGS, by_flag.T, strict=True))
    made["reports"] = by_bits.sum(axis=1)
    made["no_domain"] = _bincount(site[panel.numbers("domains", told) == panel.domains.find(())], sites)
    tokens = panel.reports["token"][told]
    made["with_token"] = _bincount(site[tokens != 0], sites)
    made["reporters"] = _reporters(tokens, site, sites)
    return {name: [*map(int, found.tolist())] for name, found in made.items()}


def _bincount(site: Whole, sites: int) -> npt.NDArray[np.float64]:
    return np.bincount(site, minlength=sites).astype(np.float64)


def _tallied(numbers: Whole, site: Whole, sites: int, words: Words) -> list[dict[str, int]]:
    """Return how often which word was said, by site, the words in alphabetical order."""
    width = len(words) + 1
    cells = np.bincount(site * width + numbers + 1, minlength=sites * width).reshape(sites, width)[:, 1:]
    ordered = sorted((str(word), at) for at, word in enumerate(words.all()))
    return [{word: line[at] for word, at in ordered if line[at]} for line in cells.tolist()]


def _waits(times: Whole, site: Whole, sites: int) -> list[Waits]:
    timed = times != of.NOT_TOLD
    return waits_of(site[timed], times[timed], sites, of.PER_HOUR)


def _reporters(tokens: npt.NDArray[np.uint64], site: Whole, sites: int) -> npt.NDArray[np.float64]:
    """Count different reporters by site; the sites stand in order."""
    named = tokens != 0
    where = site[named]
    who = ordered_within(tokens[named], np.bincount(where, minlength=sites))
    fresh = np.ones(len(who), np.bool_)
    fresh[1:] = (where[1:] != where[:-1]) | (who[1:] != who[:-1])
    return _bincount(where[fresh], sites)
