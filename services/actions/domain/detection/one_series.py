"""One series: which reports belong together; all, a domain, a pair, a theme, one asset, one person."""

from __future__ import annotations

from dataclasses import dataclass

from services.actions.domain.detection.facts import ReportFact

__all__ = ["ALL", "Series"]

_JOIN = "+"


@dataclass(frozen=True, slots=True)
class Series:
    """Which reports belong together.

    Attributes:
        domains: Domains asked for; none asks nothing.
        factors: Contributory factors that a report must all have.
        match: `all` where a report must have all the domains, `any` where one is enough.
        asset: The asset that it must be about.
        person: The token of the person that it must be about.
    """

    domains: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()
    match: str = "all"
    asset: str | None = None
    person: str | None = None

    @property
    def name(self) -> str:
        """Return a name that is unique among series."""
        parts = [("/" if self.match == "any" else _JOIN).join(self.domains), *self.factors]
        parts += [f"asset:{self.asset}"] if self.asset else []
        parts += [f"person:{self.person}"] if self.person else []
        return "|".join(part for part in parts if part) or "all"

    @property
    def kind(self) -> str:
        """Return all, domain, pair, theme, asset or person."""
        if self.asset:
            return "asset"
        if self.person:
            return "person"
        if self.match == "any" and len(self.domains) > 1:
            return "theme"
        if len(self.domains) + len(self.factors) > 1:
            return "pair"
        return "domain" if self.domains or self.factors else "all"

    def has(self, fact: ReportFact) -> bool:
        """Tell whether a report belongs to the series."""
        if self.asset is not None and fact.asset != self.asset:
            return False
        if self.person is not None and fact.person != self.person:
            return False
        if not all(factor in fact.factors for factor in self.factors):
            return False
        if not self.domains:
            return True
        matching = any if self.match == "any" else all
        return matching(domain in fact.domains for domain in self.domains)


ALL = Series()
