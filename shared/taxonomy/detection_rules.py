"""The numbers of detection and verdicts as frozen values, by the day from which they hold; no file is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class RisingNumbers:
    """When a series counts as risen.

    Attributes:
        windows_weeks: How many of the last weeks are looked at, each in turn.
        baseline_weeks_max: How far back the site's own weeks are compared with.
        baseline_weeks_min: Below so many weeks of baseline nothing is said.
        provisional_below_weeks: Below so many a signal is marked provisional.
        peers_weeks: How many weeks of baseline the peers' mix of reports counts for.
        min_observed: Events a window needs.
        min_ratio: Observed over expected a window needs.
        min_days: On so many different days they were told at least: one bad day is no trend.
        without_top_alpha: p-value that the window needs without its busiest week.
        alpha_all: p-value at or below which all reports together have risen.
        alpha_domain: The same for one domain.
        alpha_pair: The same for a pair.
        alpha_theme: The same for a theme.
        share_alpha: p-value that the rise of a series needs against the site's other reports.
        residual_alpha: p-value that must remain without the reports of signals that are already open.
        speaking_series: For so many series that can speak at a site the levels are as they stand.
        ease_min: They are tightened to this share at most where more can.
        ease_max: They are eased to this multiple at most where fewer can.
        quiet_above: p-value above which a review of an open signal counts as quiet.
        quiet_reviews: So many quiet reviews in a row close it.
        recent_weeks: Weeks that such a review looks at.
    """

    windows_weeks: tuple[int, ...]
    baseline_weeks_max: int
    baseline_weeks_min: int
    provisional_below_weeks: int
    peers_weeks: float
    min_observed: int
    min_ratio: float
    min_days: int
    without_top_alpha: float
    alpha_all: float
    alpha_domain: float
    alpha_pair: float
    alpha_theme: float
    share_alpha: float
    residual_alpha: float
    speaking_series: float
    ease_min: float
    ease_max: float
    quiet_above: float
    quiet_reviews: int
    recent_weeks: int


@dataclass(frozen=True, slots=True)
class ReportingNumbers:
    """When more reporting across domains is told apart from more going wrong.

    Attributes:
        drive_weeks: So long after a reporting drive in the log a general rise is read as its effect.
        drive_alpha: p-value that is enough in that time.
        drive_share_alpha: p-value that one series then needs against the other reports.
        min_domains: So many domains must have gained.
        top_share: The domain that gained most may make so much of the whole gain.
    """

    drive_weeks: int
    drive_alpha: float
    drive_share_alpha: float
    min_domains: int
    top_share: float


@dataclass(frozen=True, slots=True)
class SeasonNumbers:
    """When several sites share a rise; p-values as in `RisingNumbers`.

    Attributes:
        windows_weeks: Weeks looked at.
        alpha: Of all sites together, where the domains are those of a season.
        alpha_other: The same for other domains.
        share_alpha: Against all other reports of the sites.
        without_top_alpha: Of the sites together without those that rose most.
        top_share: Which share of sites that is, one at least, where the domains are those of a season.
        top_share_other: The share for other domains.
        min_sites: So many sites must be up.
        min_share_of_sites: And such a share of them, where the domains are those of a season.
        min_share_other: The share for other domains.
        site_ratio: Observed over expected that a site that is up needs.
        site_observed: Events that it needs.
    """

    windows_weeks: tuple[int, ...]
    alpha: float
    alpha_other: float
    share_alpha: float
    without_top_alpha: float
    top_share: float
    top_share_other: float
    min_sites: int
    min_share_of_sites: float
    min_share_other: float
    site_ratio: float
    site_observed: int


@dataclass(frozen=True, slots=True)
class SilenceNumbers:
    """When a site counts as silent.

    Attributes:
        windows_weeks: Weeks looked at.
        alpha: Chance of so few reports at or below which it is silent.
        share_of_expected: Reports of the window may be this share of the expected ones at most.
        baseline_weeks_min: Weeks of its own past that it takes.
    """

    windows_weeks: tuple[int, ...]
    alpha: float
    share_of_expected: float
    baseline_weeks_min: int


@dataclass(frozen=True, slots=True)
class ChangeNumbers:
    """When a cluster follows a change: weeks after it, weeks before, p-values for expected and other domains."""

    weeks: int
    baseline_weeks_max: int
    baseline_weeks_min: int
    alpha: float
    alpha_unknown: float
    min_observed: int
    min_ratio: float


@dataclass(frozen=True, slots=True)
class BunchingNumbers:
    """When reports come in bunches with a cycle: days of period and bunch, cycles that must be hit, p-value."""

    weeks: int
    period_min_days: int
    period_max_days: int
    width_max_days: int
    min_events: int
    min_cycles: int
    min_share_of_cycles: float
    alpha: float


@dataclass(frozen=True, slots=True)
class AssetNumbers:
    """How many events of one asset in a window of days: numbered, of a kind a site has one of, of any kind."""

    window_days: int
    numbered: int
    unique: int
    generic: int
    quiet_days: int


@dataclass(frozen=True, slots=True)
class RepeatNumbers:
    """p-value of a repeat for one person; on a pathway the signal that came before is what chance does not explain."""

    person_alpha: float


@dataclass(frozen=True, slots=True)
class VerdictNumbers:
    """How remedies are judged.

    Attributes:
        wash_in_days: Days after the start that count for neither side.
        first_look_days: First verdict so many days after the start.
        effective_after_days: No EFFECTIVE before so many days after the start.
        baseline_weeks_max: Length of a baseline where no rise was signalled.
        min_expected: Events expected after the start below which the evidence is insufficient.
        min_baseline: Events of the baseline below which it is.
        peak_weeks: Weeks before the start in which a chance peak is looked for.
        promising_ratio: A ratio at or below it is a fall worth the name.
        alike_ratio: Target over other reports above it: everything fell alike.
        relapse_weeks: Weeks that a relapse is looked for in.
        relapse_alpha: p-value of a relapse.
    """

    wash_in_days: int
    first_look_days: int
    effective_after_days: int
    baseline_weeks_max: int
    min_expected: float
    min_baseline: int
    peak_weeks: int
    promising_ratio: float
    alike_ratio: float
    relapse_weeks: int
    relapse_alpha: float


@dataclass(frozen=True, slots=True)
class DetectionRules:
    """One version of all numbers."""

    version: str
    effective_from: date
    rising: RisingNumbers
    reporting: ReportingNumbers
    season: SeasonNumbers
    silence: SilenceNumbers
    change: ChangeNumbers
    bunching: BunchingNumbers
    asset: AssetNumbers
    repeat: RepeatNumbers
    verdict: VerdictNumbers


@dataclass(frozen=True, slots=True)
class ThresholdPack:
    """How many similar low-level events without a preventative action ask for a look, in one council's area.

    Attributes:
        id: Its stable name.
        council: Whose it is; `any` where no own one holds.
        effective_from: First day.
        window_days: Days that are looked back.
        person: Events for one person.
        asset: Events of one asset.
        pathway: Events of one series; chance must not explain them either.
        unanswered_days: A signal without an action for so long is a repeat without action.
        source: Where the numbers come from.
    """

    id: str
    council: str
    effective_from: date
    window_days: int
    person: int
    asset: int
    pathway: int
    unanswered_days: int
    source: str
