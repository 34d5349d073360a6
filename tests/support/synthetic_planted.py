"""Planted patterns and decoys on sites of pure chance, one or more at each of twelve sites; all of it synthetic."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from tests.support.synthetic_sites import START, World, chance_world, one_chance_report


def planted_world(seed: int, style: str = "plain", rates: tuple[float, float] = (1.0, 4.0)) -> World:
    """Make twelve sites with one pattern or decoy each, over 26 weeks."""
    world = chance_world(seed, rates=rates, style=style, logs=False)
    r, s = world.random, world.sites
    order = [s[int(at)] for at in r.permutation(len(s))]
    # The article's three cases: a rise, then a remedy that works.
    w = float(r.integers(9, 12))
    rise(world, order[0], ["medication", "handover"], ["shift_handover", "verbal_information"], w, 4, 3.5)
    remedy(
        world,
        order[0],
        w + 4,
        "Introduced a structured handover checklist on all units",
        ["medication", "handover"],
        "EFFECTIVE",
    )
    w = float(r.integers(8, 11))
    assets(world, order[1], w, 5, 4 + int(r.integers(3)))
    remedy(world, order[1], w + 6, "Started weekly preventative checks of all hoists", ["equipment"], None)
    w = float(r.integers(8, 11))
    rise(world, order[2], ["visits_scheduling", "records_data"], ["outdated_data"], w, 5, 3.0)
    remedy(
        world,
        order[2],
        w + 5,
        "Verified all client addresses against the council list",
        ["visits_scheduling", "records_data"],
        "EFFECTIVE",
    )
    # A change, bunches, silence.
    w = float(r.integers(10, 18))
    world.log(
        order[3],
        world.day(w),
        str(r.choice(["Migrated to the new eMAR system", "Moved care records to new software", "eMAR went live"])),
    )
    world.pattern(order[3], ["records_data", "medication"], ["system_it_failure"], w + 0.2, 2.6, 2.6)
    world.plant("cluster_after_change", order[3], ["records_data", "medication"], world.day(w), world.day(w + 3))
    period = int(r.choice([14, 14, 7, 21, 10]))
    bunches(
        world,
        order[4],
        period,
        ["staffing", "medication"] if r.random() < 0.5 else ["nutrition_hydration"],
        int(r.integers(2, 4)),
    )
    quiet = order[5]
    for line in list(world.lines):
        if line["kind"] == "report" and line["site"] == quiet:
            world.lines.remove(line)
    rate = max(2.0, world.base[quiet])
    for week in range(26):
        for _ in range(int(r.poisson(rate))):
            one_chance_report(world, quiet, world.day(week, int(r.integers(7))))
    w = float(r.integers(14, 18))
    world.drop(quiet, w, w + 8, 0.0)
    world.plant("silence", quiet, [], world.day(w), world.day(w + 8))
    # A season over all sites.
    w = float(r.integers(15, 20))
    theme = [
        ["infection_control", "clinical_deterioration"],
        ["nutrition_hydration", "skin_integrity", "clinical_deterioration"],
    ][int(r.integers(2))]
    members = [str(site) for site in r.choice([x for x in s if x != quiet], 7, replace=False)]
    for site in members:
        for domain in theme:
            world.pattern(site, [domain], [], w, 4, 1.5 / len(theme))
    world.plant("shared_season", None, theme, world.day(w), world.day(w + 4), sites=members)
    # A reporting drive; serious ones do not rise.
    w = float(r.integers(9, 14))
    world.log(
        order[6],
        world.day(w),
        str(r.choice(["Toolbox talk on near-miss reporting", "Reporting drive: everyone asked to report near misses"])),
    )
    for week in range(int(w), int(w) + 8):
        for _ in range(int(r.poisson(max(1.5, world.base[order[6]]) * 1.3))):
            one_chance_report(world, order[6], world.day(week, int(r.integers(7))))
            world.lines[-1]["labels"]["potential_severity"] = str(r.choice(["low", "moderate"]))
    world.plant("reporting_increase", order[6], [], world.day(w), world.day(w + 8))
    # A remedy after which everything is told less.
    w = float(r.integers(9, 11))
    rise(world, order[7], ["medication"], [], w, 4, 4.0, note=True)
    for week in range(26):
        for _ in range(int(r.poisson(3))):
            one_chance_report(world, order[7], world.day(week, int(r.integers(7))))
    world.pattern(order[7], ["medication"], [], w + 4, 22 - w, 4.0)
    world.drop(order[7], w + 4, 26, 0.25)
    remedy(world, order[7], w + 4, "Weekly MAR audit introduced", ["medication"], "CONFOUNDED_REPORTING_FELL")
    # A chance peak before a remedy; growth that exposure explains; two events told by several people.
    w = float(r.integers(12, 15))
    world.pattern(order[8], ["falls_mobility"], [], 0, 26, 0.7)
    for day in (0, 3, 5):
        world.report(order[8], world.day(w - 1, day), ["falls_mobility"])
    remedy(world, order[8], w, "Falls awareness training for all staff", ["falls_mobility"], "not EFFECTIVE")
    growth(world, order[9], float(r.integers(8, 14)))
    duplicates(world, order[10])
    persons(world, order[11], float(r.integers(5, 14)))
    # A holiday: all sites quiet for two weeks.
    if seed % 2:
        for site in s:
            world.drop(site, 16, 18, 0.35)
    return world


def rise(
    world: World,
    site: str,
    domains: list[str],
    factors: list[str],
    first: float,
    weeks: float,
    per_week: float,
    *,
    note: bool = True,
) -> None:
    """A series goes from about one a week to some more, for some weeks."""
    for week in range(world.weeks):
        if world.random.random() < 0.8:
            world.pattern(site, domains, factors[:1], week, 1, 0.5)
    world.pattern(site, domains, factors, first, weeks, per_week)
    if note:
        world.plant("rising_rate", site, domains, world.day(first), world.day(first + weeks))


def remedy(world: World, site: str, week: float, text: str, domains: list[str], verdict: str | None) -> None:
    """A log line, and the verdict that it should end in."""
    day = world.day(week)
    world.log(site, day, text)
    world.plant("verdict", site, domains, day, day, verdict=verdict)


def assets(world: World, site: str, first: float, weeks: float, count: int) -> None:
    """One hoist, named in many ways."""
    words = [
        "Hoist 3 stopped halfway up",
        "hoist no. 3 would not charge again",
        "The number 3 hoist cut out",
        "Hoist three juddering on descent",
        "HOIST 3 battery flat",
        "hoist no 3 handset dead",
    ]
    for at in np.sort(world.random.random(count)) * weeks + first:
        text = str(world.random.choice(words))
        world.report(site, START + timedelta(days=int(at * 7)), ["equipment"], ["maintenance_lapse"], text=text)
    world.plant("recurring_asset", site, ["equipment"], world.day(first), world.day(first + weeks), asset="hoist 3")


def bunches(world: World, site: str, period: int, domains: list[str], size: int) -> None:
    """Reports that come together every so many days."""
    start = int(world.random.integers(0, period))
    for at in range(start, world.weeks * 7, period):
        for _ in range(size):
            if world.random.random() < 0.85:
                world.report(
                    site, START + timedelta(days=at + int(world.random.random() < 0.3)), domains, ["agency_unfamiliar"]
                )
    world.plant("periodic_bunching", site, domains, world.day(0), world.day(world.weeks), period=period)


def growth(world: World, site: str, week: float) -> None:
    """Exposure and reports double together: a decoy."""
    for line in world.lines:
        if line["kind"] == "exposure" and line["site"] == site and line["week_start"] >= world.day(week).isoformat():
            line["exposure"] *= 2
    base = [
        line
        for line in world.lines
        if line["kind"] == "report" and line["site"] == site and line["reported"] >= world.day(week).isoformat()
    ]
    for line in base:
        if world.random.random() < 1.0:
            moved = date.fromisoformat(line["reported"]) + timedelta(days=int(world.random.integers(-3, 4)))
            world.report(site, moved, [world.any_domain(site)], [])


def duplicates(world: World, site: str) -> None:
    """One flood, told by four people in their own words: one event."""
    day = world.day(float(world.random.integers(8, 20)), 2)
    told = [
        "Water coming through the ceiling of the laundry, buckets out, plumber called",
        "Flood in laundry room from ceiling, plumber rung, floor wet, buckets put down",
        "Ceiling leak in the laundry, buckets everywhere, waiting for plumber",
        "laundry ceiling leaking water again, plumber on the way, wet floor signs and buckets",
    ]
    ids = []
    for number, text in enumerate(told):
        world.report(
            site, day + timedelta(days=number % 2), ["environment"], ["maintenance_lapse"], text=text, occurred=day
        )
        ids.append(world.lines[-1]["report_id"])
    world.plant("duplicate", site, ["environment"], day, day, ids=ids)


def persons(world: World, site: str, week: float) -> None:
    """Similar low-level events for one person, and nothing in the log."""
    for at in np.sort(world.random.random(5)) * 9 + week:
        world.report(site, START + timedelta(days=int(at * 7)), ["moving_handling"], [], person="P-0007")
    world.plant(
        "repeat_without_action", site, ["moving_handling"], world.day(week), world.day(week + 13), person="P-0007"
    )
