"""Invented sites for measuring detection: pure chance, planted patterns, decoys, all from a seed; synthetic."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np

START = date(2025, 9, 1)
SETTINGS = {
    "residential": ("occupied_bed_days", 7.0, 32),
    "nursing": ("occupied_bed_days", 7.0, 48),
    "domiciliary": ("visits", 18.0, 60),
    "supported_living": ("supported_person_days", 7.0, 8),
    "extra_care": ("visits", 10.0, 40),
    "day_service": ("attendances", 3.0, 30),
}
MIX = {
    "medication": 22, "falls_mobility": 12, "equipment": 9, "environment": 8, "communication": 6, "handover": 5,
    "records_data": 7, "moving_handling": 5, "infection_control": 5, "nutrition_hydration": 5, "skin_integrity": 4,
    "choking_swallowing": 3, "behaviour_distress": 5, "staffing": 5, "visits_scheduling": 6, "transport": 2,
    "security_missing_person": 3, "fire_safety": 3, "information_governance": 2, "clinical_deterioration": 4,
    "safeguarding": 2, "finance_property": 2,
}  # fmt: skip
SECOND = {
    "medication": ["records_data", "handover", "communication"],
    "falls_mobility": ["environment", "equipment"],
    "equipment": ["moving_handling", "falls_mobility"],
    "visits_scheduling": ["records_data", "staffing"],
    "infection_control": ["clinical_deterioration"],
    "nutrition_hydration": ["choking_swallowing"],
    "fire_safety": ["environment"],
}
FACTORS = [
    "shift_handover", "verbal_information", "outdated_data", "maintenance_lapse", "missing_equipment",
    "labelling_lookalike", "workload_fatigue", "agency_unfamiliar", "training_gap", "procedure_unclear",
    "system_it_failure", "external_partner", "environment_layout", "distraction_interruption", "person_factors",
]  # fmt: skip
NEUTRAL = [
    "Residents' meeting held", "Fire drill held", "Summer fete planned", "Family newsletter sent",
    "Council monitoring visit", "Christmas tree put up", "Garden furniture delivered", "Birthday tea for residents",
]  # fmt: skip


@dataclass
class World:
    """A file in the making, and what was planted in it."""

    seed: int
    weeks: int = 26
    lines: list[dict[str, Any]] = field(default_factory=list)
    truth: list[dict[str, Any]] = field(default_factory=list)
    sites: list[str] = field(default_factory=list)
    base: dict[str, float] = field(default_factory=dict)
    mix: dict[str, Any] = field(default_factory=dict)
    shape: dict[str, Any] = field(default_factory=dict)
    counter: int = 0

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)

    def day(self, week: float, weekday: int = 0) -> date:
        return START + timedelta(days=int(week * 7) + weekday)

    def report(self, site: str, day: date, domains: list[str], factors: list[str] | None = None, **more: Any) -> None:
        """Add a report, told on the day or up to two days later."""
        if not START <= day < self.day(self.weeks):
            return
        self.counter += 1
        severity = more.pop("severity", None) or str(
            self.random.choice(["low", "moderate", "severe", "death"], p=[0.35, 0.4, 0.2, 0.05])
        )
        near = more.pop("near", True)
        self.lines.append(
            {
                "kind": "report", "report_id": f"R{self.seed}-{self.counter:05d}", "site": site,
                "setting": "residential", "occurred": more.pop("occurred", day).isoformat(),
                "reported": day.isoformat(), "text": more.pop("text", None),
                "labels": {
                    "domains": domains, "primary_domain": domains[0], "contributory_factors": factors or [],
                    "potential_severity": severity, "is_near_miss": near, "escalate": None if near else "harm_occurred",
                }, **more,
            }
        )  # fmt: skip

    def log(self, site: str, day: date, text: str) -> None:
        """Add a line to a site's management log."""
        self.lines.append({"kind": "log", "site": site, "date": day.isoformat(), "text": text})

    def plant(self, kind: str, site: str | None, domains: list[str], start: date, end: date, **more: Any) -> None:
        """Note what was planted."""
        self.truth.append({"type": kind, "site": site, "domains": domains, "from": start, "to": end, **more})

    def pattern(
        self,
        site: str,
        domains: list[str],
        factors: list[str],
        first: float,
        weeks: float,
        per_week: float,
        **more: Any,
    ) -> int:
        """Add reports of one pattern at a rate above the usual."""
        count = int(self.random.poisson(per_week * weeks))
        for _ in range(count):
            at = first + float(self.random.random()) * weeks
            day = START + timedelta(days=int(at * 7))
            wrong = self.random.random() < 0.1
            self.report(
                site,
                day,
                [self.any_domain(site)] if wrong else list(domains),
                [] if wrong else list(factors),
                **dict(more),
            )
        return count

    def any_domain(self, site: str) -> str:
        return str(self.random.choice(list(MIX), p=self.mix[site]))

    def drop(self, site: str, first: float, last: float, keep: float, domain: str | None = None) -> None:
        """Thin a site's reports in a span of weeks."""
        low, high = self.day(first).isoformat(), self.day(last).isoformat()
        self.lines = [
            line for line in self.lines
            if not (line["kind"] == "report" and line["site"] == site and low <= line["reported"] < high
                    and (domain is None or domain in line["labels"]["domains"]) and self.random.random() > keep)
        ]  # fmt: skip


def chance_world(
    seed: int,
    *,
    sites: int = 12,
    weeks: int = 26,
    rates: tuple[float, float] = (0.3, 6.0),
    style: str = "plain",
    logs: bool = True,
    exposure: bool = True,
) -> World:
    """Make sites at which nothing changes but chance.

    Args:
        seed: Of everything.
        sites: How many.
        weeks: How long.
        rates: Lowest and highest reports a week.
        style: plain (one mix), mixed (each site its own mix and weekdays), narrow (few domains make most reports).
        logs: Whether the management logs hold neutral lines and a few changes.
        exposure: Whether exposure is told.
    """
    world = World(seed, weeks)
    random = world.random
    weights = np.array(list(MIX.values()), float)
    if style == "narrow":
        weights = weights**2
    weights /= weights.sum()
    weekday = np.ones(7) / 7 if style == "plain" else np.array([1.3, 1.1, 1.1, 1.0, 1.0, 0.8, 0.7]) / 7
    for number in range(sites):
        site, setting = f"site-{number:02d}", list(SETTINGS)[int(random.integers(len(SETTINGS)))]
        unit, each, size = SETTINGS[setting]
        low, high = np.log(rates[0]), np.log(rates[1])
        world.base[site] = rate = float(np.exp(low + (high - low) * random.random()))
        world.mix[site] = weights if style == "plain" else random.dirichlet(weights * 25)
        world.sites.append(site)
        world.lines.append(
            {
                "kind": "site",
                "site": site,
                "name": f"Site {number:02d}",
                "setting": setting,
                "size": size,
                "size_unit": "beds",
            }
        )
        drift = 1 + (0.0 if style == "plain" else float(random.uniform(-0.3, 0.5))) * np.arange(weeks) / weeks
        shape = drift * (1 + 0.04 * random.standard_normal(weeks))
        world.shape[site] = shape
        for week in range(weeks):
            if exposure:
                world.lines.append(
                    {
                        "kind": "exposure", "site": site, "week_start": world.day(week).isoformat(),
                        "exposure": round(size * each * float(shape[week]), 1), "exposure_unit": unit,
                        "accident_book_entries": int(random.poisson(0.8)),
                    }
                )  # fmt: skip
            for _ in range(int(random.poisson(rate * float(shape[week])))):
                one_chance_report(world, site, world.day(week, int(random.choice(7, p=weekday / weekday.sum()))))
        if logs:
            for text in random.choice(NEUTRAL, 3):
                world.log(site, world.day(float(random.random()) * weeks), str(text))
            if random.random() < 0.4:
                text = str(
                    random.choice(
                        ["New deputy manager started", "Menu changed for the season", "Pharmacy supplier changed"]
                    )
                )
                world.log(site, world.day(4 + float(random.random()) * (weeks - 6)), text)
    return world


def one_chance_report(world: World, site: str, day: date) -> None:
    """Add one report of the site's own mix."""
    random = world.random
    domain = world.any_domain(site)
    domains = [domain]
    if domain in SECOND and random.random() < 0.4:
        domains.append(str(random.choice(SECOND[domain])))
    factors = [
        str(factor) for factor in random.choice(FACTORS, int(random.choice(3, p=[0.35, 0.45, 0.2])), replace=False)
    ]
    world.report(site, day, domains, factors)
