"""A second way of planting: one site, one case, fixed counts on a background of chance; all of it synthetic."""

from __future__ import annotations

from datetime import timedelta

from tests.support.synthetic_sites import START, World, chance_world, one_chance_report

ASSET_TEXTS = (
    "Hoist 3 would not lower, second time", "number three hoist stopped mid lift", "hoist no.3 battery dead again",
    "The no 3 hoist is juddering", "Hoist #3 hand control not responding", "hoist three out, used another one",
)  # fmt: skip
LIFT_TEXTS = (
    "the lift stuck between floors",
    "Lift door would not close",
    "main lift stopped again",
    "lift not levelling",
)


def case_world(seed: int, strength: float = 1.0) -> World:
    """Make twelve sites, each with its own case, weaker and more regular than those of `planted_world`.

    Args:
        seed: Of everything.
        strength: Multiplies what is planted; 1 is a plain case.
    """
    world = chance_world(seed, rates=(1.0, 3.5), style=("plain", "mixed", "narrow")[seed % 3], logs=True)
    sites = [world.sites[int(at)] for at in world.random.permutation(12)]
    start = 10 + seed % 4
    for week in range(26):
        _spread(world, sites[0], ["medication"], ["shift_handover"], week, 1, 1 if week % 2 else 0)
    _spread(world, sites[0], ["medication", "handover"], ["shift_handover"], start, 4, round(13 * strength))
    _case(world, "rising_rate", sites[0], ["medication", "handover"], start, 4)
    _act(world, sites[0], start + 4, "Introduced handover checklist", ["medication", "handover"], "EFFECTIVE")
    _texts(world, sites[1], start, 5, 4 + seed % 2, ASSET_TEXTS, "hoist 3")
    _act(world, sites[1], start + 5, "Weekly hoist checks started; hoist 3 serviced", ["equipment"], "EFFECTIVE")
    _spread(world, sites[2], ["visits_scheduling", "records_data"], ["outdated_data"], 0, 26, 8)
    _spread(world, sites[2], ["visits_scheduling", "records_data"], ["outdated_data"], start, 5, round(14 * strength))
    _case(world, "rising_rate", sites[2], ["visits_scheduling", "records_data"], start, 5)
    _act(
        world,
        sites[2],
        start + 5,
        "All client addresses verified with families",
        ["visits_scheduling", "records_data"],
        "EFFECTIVE",
    )
    world.log(
        sites[3],
        world.day(start + 3),
        ("Migration to new eMAR", "New care records system live", "Changed pharmacy supplier")[seed % 3],
    )
    domains = ["records_data", "medication"] if seed % 3 < 2 else ["medication"]
    _spread(world, sites[3], domains, [], start + 3, 2.6, round(6 * strength))
    _case(world, "cluster_after_change", sites[3], domains, start + 3, 3)
    period = 14 if seed % 2 else 7 * (1 + seed % 3)
    for at in range(seed % 5, 26 * 7, period):
        for _ in range(round(2.4 * strength)):
            world.report(sites[4], START + timedelta(days=at), ["staffing"], ["agency_unfamiliar"])
    _case(world, "periodic_bunching", sites[4], ["staffing"], 0, 26)
    for week in range(26):
        for _ in range(1 + week % 2):
            one_chance_report(world, sites[5], world.day(week, int(world.random.integers(7))))
    world.drop(sites[5], start + 5, start + 13, 0.0)
    _case(world, "silence", sites[5], [], start + 5, 9)
    theme = (["infection_control"], ["nutrition_hydration", "skin_integrity"], ["falls_mobility"])[seed % 3]
    for number, site in enumerate(world.sites):
        if site != sites[5]:
            for domain in theme:
                _spread(
                    world, site, [domain], [], start + 7, 4, round((4 if number % 3 else 2) * strength / len(theme))
                )
    world.plant("shared_season", None, theme, world.day(start + 7), world.day(start + 11), sites=world.sites)
    _drive(world, sites[6], start)
    _collapse(world, sites[7], start)
    _peak(world, sites[8], start)
    for at in range(4):
        world.report(sites[9], world.day(start + 2 * at, 3), ["choking_swallowing"], [], person="tok-77")
    _case(world, "repeat_without_action", sites[9], ["choking_swallowing"], start, 10)
    _texts(world, sites[10], start, 5, 5, LIFT_TEXTS, "lift")
    return world


def _case(world: World, kind: str, site: str, domains: list[str], first: float, weeks: float, **more: str) -> None:
    world.plant(kind, site, domains, world.day(first), world.day(first + weeks), **more)


def _act(world: World, site: str, week: float, text: str, domains: list[str], verdict: str) -> None:
    world.log(site, world.day(week), text)
    world.plant("verdict", site, domains, world.day(week), world.day(week), verdict=verdict)


def _spread(
    world: World, site: str, domains: list[str], factors: list[str], first: float, weeks: float, count: int
) -> None:
    """Add so many reports, one after the other at even distances with some jitter."""
    for number in range(count):
        at = first + (number + float(world.random.random())) * weeks / count
        world.report(site, START + timedelta(days=int(at * 7)), list(domains), list(factors))


def _texts(world: World, site: str, first: float, weeks: float, count: int, texts: tuple[str, ...], asset: str) -> None:
    for number in range(count):
        at = first + (number + float(world.random.random())) * weeks / count
        day = START + timedelta(days=int(at * 7))
        world.report(site, day, ["equipment"], ["maintenance_lapse"], text=texts[number % len(texts)])
    _case(world, "recurring_asset", site, ["equipment"], first, weeks + 1, asset=asset)


def _drive(world: World, site: str, start: int) -> None:
    """A reporting drive doubles what is told; nothing serious is added."""
    world.log(site, world.day(start), "Near miss reporting week: all staff encouraged to report everything")
    for week in range(26):
        for _ in range(2 if week < start or week > start + 7 else 6):
            one_chance_report(world, site, world.day(week, int(world.random.integers(7))))
            if week >= start:
                world.lines[-1]["labels"]["potential_severity"] = "low"
    _case(world, "reporting_increase", site, [], start, 8)


def _collapse(world: World, site: str, start: int) -> None:
    """After a remedy everything is told less, and nothing else changes."""
    for week in range(26):
        for _ in range(4):
            one_chance_report(world, site, world.day(week, int(world.random.integers(7))))
    _spread(world, site, ["falls_mobility"], [], 0, 26, 52)
    world.drop(site, start + 2, 26, 0.3)
    _act(
        world,
        site,
        start + 2,
        "Falls checklist and footwear checks introduced",
        ["falls_mobility"],
        "CONFOUNDED_REPORTING_FELL",
    )


def _peak(world: World, site: str, start: int) -> None:
    """Two busy weeks by chance, then training, then as ever."""
    _spread(world, site, ["skin_integrity"], [], 0, 26, 26)
    _spread(world, site, ["skin_integrity"], [], start, 2, 3)
    _act(world, site, start + 2, "Pressure care refresher training", ["skin_integrity"], "not EFFECTIVE")
