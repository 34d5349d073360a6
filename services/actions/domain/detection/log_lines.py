"""Reads a line of a management log: what kind of act it tells of, and which reports it is about."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.actions.domain.detection.one_series import Series
from shared.matching.phrases import speaks_of, words_of
from shared.taxonomy.assets import find_assets
from shared.taxonomy.detection_data import ChangeKind, LogWords

__all__ = ["LogReading", "asset_of", "assets_in", "read_log"]

_COUNTED = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBER_APART = re.compile(r"(?<=[a-z]) ?[-(] ?(\d{1,3})\b\)?", re.IGNORECASE)
_NUMBER_FIRST = re.compile(rf"\b(?:number|no\.?|nr\.?|num\.?) ?({'|'.join(_COUNTED)})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LogReading:
    """What a line says.

    Attributes:
        kinds: Of drive, remedy, change, lapse; none for what is none of them.
        domains: Domains that its words are about.
        factors: Contributory factors that its words are about.
        assets: Assets that it names; a kind without a number stands for all of the kind.
        changes: The kinds of change.
    """

    kinds: frozenset[str]
    domains: tuple[str, ...]
    factors: tuple[str, ...]
    assets: tuple[str, ...]
    changes: tuple[ChangeKind, ...]

    @property
    def shows_in(self) -> frozenset[str]:
        """Return the domains in which a change would show; none for a change of people alone, which shows anywhere."""
        telling = [kind for kind in self.changes if kind.telling]
        return frozenset(domain for kind in telling for domain in kind.domains) | frozenset(
            self.domains if telling or not self.changes else ()
        )

    def concerns(self, series: Series) -> bool:
        """Tell whether the line may be about a series: they share a domain, a factor or an asset."""
        if series.asset is not None:
            return any(series.asset == asset or series.asset.startswith(f"{asset} ") for asset in self.assets) or (
                not self.assets and "equipment" in self.domains
            )
        if not series.domains and not series.factors:
            return series.person is not None
        return bool(set(series.domains) & set(self.domains) or set(series.factors) & set(self.factors))


def assets_in(text: str) -> tuple[str, ...]:
    """Find the assets that a text names, also where the number comes first in words ("number three hoist").

    Args:
        text: Redacted text.
    """
    text = _NUMBER_APART.sub(r" \1", text)
    return find_assets(_NUMBER_FIRST.sub(lambda found: f"number {_COUNTED.index(found[1].lower()) + 1}", text))


def asset_of(reference: str | None, text: str | None) -> str | None:
    """Return the asset that a report is about, in words that all reports of it share.

    Args:
        reference: Its name in the register, such as `hoist-3`; it goes before the text.
        text: Redacted text.

    Returns:
        The asset; the reference itself where its words name no known kind.
    """
    if reference:
        spoken = reference.replace("-", " ").replace("_", " ")
        named = assets_in(spoken)
        # Where nothing of the reference would be lost, a report that only names the asset is of the same one.
        whole = bool(named) and (named[0][-1:].isdigit() or len(words_of(named[0])) == len(words_of(spoken)))
        return named[0] if whole else spoken
    found = assets_in(text) if text else ()
    return found[0] if found else None


def read_log(text: str, words: LogWords) -> LogReading:
    """Read one line.

    A reporting drive is nothing else, whatever other words stand in it; a line that says that something is not
    done is no remedy.

    Args:
        text: The line, redacted.
        words: The data to read it by.

    Returns:
        What it says.
    """
    spoken = words_of(text)
    kinds = {kind for kind, patterns in words.kinds.items() if speaks_of(spoken, patterns)}
    if "drive" in kinds:
        kinds = {"drive"}
    if "lapse" in kinds:
        kinds -= {"remedy", "change"}
    domains = tuple(name for name, patterns in words.topics.items() if speaks_of(spoken, patterns))
    changes = tuple(kind for kind in words.changes if speaks_of(spoken, kind.patterns)) if "change" in kinds else ()
    # A change is what the words of change say it is; the checks and training that come with it are part of it.
    if changes:
        kinds.discard("remedy")
    factors = tuple(name for name, patterns in words.factors.items() if speaks_of(spoken, patterns))
    assets = assets_in(text)
    if "remedy" in kinds and not domains and not assets:
        kinds.discard("remedy")
    return LogReading(frozenset(kinds), domains, factors, assets, changes)
