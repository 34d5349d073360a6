"""The star that BI reads: its tables, what each column means, and how a row is made of what is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from services.reporting.domain.buckets import COLUMNS, Bucket
from services.reporting.domain.continuity import disrupted
from services.reporting.domain.facts import Fact
from services.reporting.domain.registry import Site
from services.reporting.domain.states import State
from services.reporting.domain.voices import marks_of
from shared.kernel.clock import london_date, week_start
from shared.taxonomy import precedence

Kind = Literal["text", "int", "float", "bool", "day", "moment"]
Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """One column: its type and what it means, with the unit in words.

    Attributes:
        name: Its name.
        kind: text, int, float, bool, day (a calendar day in England) or moment (UTC).
        meaning: One sentence.
        words: Whether it holds what people typed, redacted; readers of numbers alone never get it.
    """

    name: str
    kind: Kind
    meaning: str
    words: bool = False


@dataclass(frozen=True)
class Table:
    """One table of the star.

    Attributes:
        name: Its name.
        meaning: One sentence on what a row is.
        key: Columns that name a row.
        columns: All columns in order.
        caution: What must not be done with it; None where nothing.
    """

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    caution: str | None = None

    def shown(self, text: bool) -> tuple[Column, ...]:
        """Return the columns that a reader gets.

        Args:
            text: Whether words are in reach.
        """
        return tuple(column for column in self.columns if text or not column.words)


def _columns(*lines: tuple[str, Kind, str]) -> tuple[Column, ...]:
    return tuple(Column(*line) for line in lines)


_WHERE = _columns(("provider_id", "text", "The provider."), ("site_id", "text", "The site."))
_DELETED = _columns(("deleted", "bool", "In an incremental export: the row is gone; forget it."))
SITE = Table(
    "dim_site",
    "What was true of a site from a day on: join on site_id and valid_from <= day < valid_to.",
    ("provider_id", "site_id", "valid_from"),
    _WHERE
    + _columns(
        ("valid_from", "day", "First day of this version."),
        ("valid_to", "day", "First day of the next one; null for the version that holds."),
        ("name", "text", "Its name."),
        ("setting", "text", "Kind of service."),
        ("region", "text", "Region, where the provider uses them."),
        ("capacity", "int", "Beds or places."),
        ("councils", "text", "Councils, separated by '; '."),
        ("contracts", "text", "Contracts, separated by '; '."),
        ("opened_on", "day", "When the site opened."),
        ("closed_on", "day", "When it closed; null while it runs."),
    ),
)
CALENDAR = Table(
    "dim_calendar",
    "One row for each day in England from the first report to the last.",
    ("day",),
    _columns(
        ("day", "day", "The day."),
        ("week_start", "day", "Monday of its week: the key of site_domain_week."),
        ("month_start", "day", "First day of its month."),
        ("quarter", "int", "Quarter of the calendar year, 1 to 4."),
        ("year", "int", "Calendar year."),
        ("weekday", "int", "1 Monday to 7 Sunday."),
    ),
)
DOMAIN = Table(
    "dim_domain",
    "The risk domains and the eight groups that they are shown in.",
    ("domain",),
    _columns(
        ("domain", "text", "The word on the wire."),
        ("title", "text", "How it reads."),
        ("group", "text", "Its group."),
        ("group_title", "text", "How the group reads."),
        ("taxonomy_version", "text", "Release of the taxonomy."),
    ),
)
REPORT = Table(
    "fact_report",
    "One row for each report that counts, with the labels that hold now.",
    ("provider_id", "report_id"),
    _WHERE
    + _columns(
        ("report_id", "text", "The report."),
        ("revision", "int", "Revision of its words."),
        ("reported_at", "moment", "When staff told it."),
        ("reported_on", "day", "The same as a day in England: join on dim_calendar."),
        ("week_start", "day", "Monday of its week."),
        ("received_at", "moment", "When it reached us."),
        ("occurred_at", "moment", "When it happened, as exact as occurred_precision says."),
        ("occurred_precision", "text", "minute, day or band."),
        ("origin", "text", "live, backfill or telemetry."),
        ("setting", "text", "Kind of service when it was told."),
        ("event_class", "text", "What it counts as; one class for each report."),
        ("primary_domain", "text", "The domain that it is foremost about."),
        ("potential_severity", "text", "How bad it could have been."),
        ("worry", "int", "How worried the reporter was: 1 not, 2 a little, 3 quite, 4 very."),
        ("reporter_role", "text", "Role of who told it, where given."),
        ("identity_mode", "text", "anonymous, confidential or named."),
        ("anonymity_reason", "text", "Coded reason for staying anonymous."),
        ("escalation", "text", "Code of its escalation; null where it has none."),
        ("escalation_status", "text", "standing, removal_proposed or removed."),
        ("disruption_kind", "text", "What was disrupted; null where nothing was."),
        ("disruption_hours", "float", "How long, in hours, where both ends are known."),
        ("people_affected", "int", "By the disruption."),
        ("plan_used", "bool", "Whether a continuity plan was used."),
        ("plan_worked", "bool", "Whether it worked."),
        ("hours_to_tell", "float", "From the event to its being told; live reports known to the minute."),
        ("hours_to_triage", "float", "From being told to a person's first look."),
        ("hours_to_feedback", "float", "From being told to the first word back to the reporter."),
        ("needs_review", "bool", "Whether a person should look at its labels."),
        ("corrected", "bool", "Whether a person decided any label."),
        ("held", "bool", "Whether it is held from its site."),
        ("taxonomy_version", "text", "Release of the taxonomy that the model used."),
        ("model_version", "text", "The model."),
    )
    + (Column("text", "text", "What was told, redacted.", words=True),)
    + _DELETED,
)
REPORT_DOMAIN = Table(
    "bridge_report_domain",
    "One row for each report and each of its domains.",
    ("provider_id", "report_id", "domain"),
    _WHERE
    + _columns(
        ("report_id", "text", "The report."),
        ("domain", "text", "One of its domains."),
        ("is_primary", "bool", "Whether it is foremost about this one."),
        ("deleted", "bool", "In an incremental export: forget all rows of this report; those it has now follow."),
    ),
    caution="Do not sum over domains: a report with two domains has two rows. Count distinct report_id.",
)
_STATE = _columns(
    ("state_id", "text", "Its id."),
    ("version", "int", "Its version; a higher one replaces a lower one."),
    ("status", "text", "How it stands, in its owner's word."),
)
ACTION_TABLE = Table(
    "fact_action",
    "One row for each remedial action as it stands.",
    ("provider_id", "state_id"),
    _WHERE
    + _STATE
    + _columns(
        ("kind", "text", "checklist, inspection and the like."),
        ("title", "text", "What is to be done, in the playbook's words."),
        ("strength", "text", "weaker, intermediate or stronger."),
        ("owner_role", "text", "Role that answers for it."),
        ("playbook_id", "text", "Playbook that it comes from."),
        ("signal_id", "text", "Signal that it answers."),
        ("reports", "int", "Reports that it was proposed for."),
        ("proposed_at", "moment", "When it was proposed."),
        ("accepted_at", "moment", "When somebody took it on."),
        ("due_on", "day", "By when."),
        ("completed_at", "moment", "When it was done."),
        ("verified_at", "moment", "When somebody else had seen that it is done."),
        ("reopened", "int", "How often it was opened again."),
    )
    + _DELETED,
)
VERDICT_TABLE = Table(
    "fact_verdict",
    "One row for each evaluation of an action; its verdict once there is one.",
    ("provider_id", "state_id"),
    _WHERE
    + _STATE
    + _columns(
        ("action_id", "text", "The action."),
        ("started_on", "day", "When the action started."),
        ("verdict", "text", "Word of the closed list; null while not judged."),
        ("verdict_on", "day", "When it was given."),
        ("rate_ratio", "float", "Rate after divided by rate before."),
        ("ci_low", "float", "Lower limit of its exact 95 % interval."),
        ("ci_high", "float", "Upper limit."),
        ("baseline_events", "int", "Events before."),
        ("after_events", "int", "Events after."),
        ("weeks_more", "int", "Weeks until there may be enough evidence."),
        ("rule_version", "text", "Version of the rules that judged."),
    )
    + _DELETED,
)
SIGNAL_TABLE = Table(
    "fact_signal",
    "One row for each signal: what was seen against what was expected.",
    ("provider_id", "state_id"),
    _WHERE
    + _STATE
    + _columns(
        ("kind", "text", "What kind of signal."),
        ("domains", "text", "Domains of its series, separated by '; '."),
        ("window_from", "day", "First day looked at."),
        ("window_to", "day", "Last day."),
        ("observed", "int", "Reports seen."),
        ("expected", "float", "Reports expected."),
        ("raised_on", "day", "When it was raised."),
        ("rule", "text", "Rule that raised it."),
        ("rule_version", "text", "Its version."),
    )
    + _DELETED,
)
WEEK_TABLE = Table(
    "site_domain_week",
    "Counts of one site, domain and week; domain (all) counts each report once, (none) those without a domain.",
    ("provider_id", "site_id", "domain", "week_start"),
    _WHERE
    + _columns(
        ("domain", "text", "A domain's word, (all) or (none)."),
        ("week_start", "day", "Monday of the week in which staff told it."),
        ("reports", "int", "Reports."),
        ("near_misses", "int", "Near misses among them."),
        ("reached_someone", "int", "No-harm and low-harm events."),
        ("disruptions", "int", "Disruptions."),
        ("escalated", "int", "Escalated reports."),
        ("class_unknown", "int", "Reports whose class nobody could decide."),
        ("needs_review", "int", "Reports whose labels wait for a person."),
        ("exposure", "float", "Care delivered at the site in the week; null where not covered."),
        ("exposure_unit", "text", "Its unit."),
    ),
    caution="Do not sum over domains: take domain (all), which counts each report once.",
)
TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        *(SITE, CALENDAR, DOMAIN, REPORT, REPORT_DOMAIN, ACTION_TABLE, VERDICT_TABLE, SIGNAL_TABLE),
        WEEK_TABLE,
    )
}


AS_TOLD = (
    *("revision", "reported_at", "received_at", "occurred_at", "occurred_precision", "origin", "setting", "worry"),
    *("reporter_role", "identity_mode", "anonymity_reason", "people_affected", "plan_used", "plan_worked", "text"),
)
"""Columns of a report that say what intake said."""


def site_rows(site: Site) -> Iterator[Row]:
    """Yield one row for each dated version of a site."""
    ends = [version.effective_from for version in site.history[1:]]
    for version, end in zip(site.history, [*ends, None], strict=True):
        yield {
            "provider_id": site.provider_id,
            "site_id": site.site_id,
            "valid_from": version.effective_from,
            "valid_to": end,
            **{name: getattr(version, name) for name in ("name", "setting", "region", "capacity")},
            "councils": "; ".join(version.councils),
            "contracts": "; ".join(version.contracts),
            "opened_on": site.opened_on,
            "closed_on": site.closed_on,
        }


def calendar_rows(first: date, last: date) -> Iterator[Row]:
    """Yield one row for each day from one to another, both included."""
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        yield {
            "day": day,
            "week_start": week_start(day),
            "month_start": day.replace(day=1),
            "quarter": (day.month + 2) // 3,
            "year": day.year,
            "weekday": day.isoweekday(),
        }


def report_row(fact: Fact) -> Row:
    """Write a report; where it does not count any more, only that it is gone."""
    gone = {"provider_id": fact.provider_id, "site_id": fact.site_id, "report_id": fact.report_id, "deleted": True}
    shown, told = fact.shown(), fact.report
    if shown is None or told is None:
        return gone
    labels = precedence.effective(fact.labels) if fact.labels else {}
    voice = marks_of(told, fact.dialogue)
    return gone | {
        **{name: getattr(told, name) for name in AS_TOLD},
        "reported_on": london_date(told.reported_at),
        "week_start": shown.week,
        "event_class": shown.event_class,
        "primary_domain": labels.get("primary_domain"),
        "potential_severity": labels.get("potential_severity"),
        "escalation": shown.escalation.code if shown.escalation else None,
        "escalation_status": shown.escalation.status if shown.escalation else None,
        "disruption_kind": disrupted(fact),
        "disruption_hours": _hours(told.disruption_started_at, told.disruption_ended_at),
        "hours_to_tell": voice["hours"],
        "hours_to_triage": voice["triage"],
        "hours_to_feedback": voice["feedback"],
        "needs_review": shown.needs_review,
        "corrected": bool(fact.labels and fact.labels["corrected"]),
        "held": shown.held,
        "taxonomy_version": fact.model.taxonomy_version if fact.model else None,
        "model_version": fact.model.model_version if fact.model else None,
        "deleted": False,
    }


def _hours(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None or end < start else (end - start).total_seconds() / 3600


def report_domain_rows(fact: Fact, *, changed: bool) -> Iterator[Row]:
    """Yield a row for each domain of a report.

    Args:
        fact: The report.
        changed: Whether it is told because it changed: then a row without a domain comes first, since a domain that it
            has lost is told by nothing else.
    """
    where = {"provider_id": fact.provider_id, "site_id": fact.site_id, "report_id": fact.report_id}
    if changed:
        yield where | {"domain": None, "is_primary": None, "deleted": True}
    shown = fact.shown()
    if shown is None:
        return
    labels = precedence.effective(fact.labels) if fact.labels else {}
    for domain in shown.domains:
        yield where | {"domain": domain, "is_primary": domain == labels.get("primary_domain"), "deleted": False}


def state_row(table: Table, state: State) -> Row:
    """Write an action, a verdict or a signal."""
    row: Row = {"provider_id": state.provider_id, "site_id": state.site_id, "state_id": state.state_id}
    body = dict(state.body)
    verdict = body.get("verdict") or {}
    series = body.get("series") or {}
    own = {
        "version": state.version,
        "status": state.status,
        "reports": len(body.get("report_ids", ())),
        "domains": "; ".join(series.get("domains", ())),
        "verdict_on": verdict.get("on"),
        "baseline_events": (verdict.get("baseline") or {}).get("events"),
        "after_events": (verdict.get("after") or {}).get("events"),
        "deleted": False,
    }
    known = body | ({**verdict} if verdict else {"verdict": None}) | own
    return row | {column.name: _typed(column, known.get(column.name)) for column in table.columns[2:]} | row


def _typed(column: Column, value: Any) -> Any:
    """Read days and moments out of the text that states keep them as."""
    if not isinstance(value, str):
        return value
    if column.kind == "day":
        return date.fromisoformat(value)
    return datetime.fromisoformat(value) if column.kind == "moment" else value


def week_row(bucket: Bucket, held: bool) -> Row:
    """Write a bucket as a reader sees it."""
    counts = bucket.seen(held)
    return {
        "provider_id": bucket.cell.provider_id,
        "site_id": bucket.cell.site_id,
        "domain": bucket.domain,
        "week_start": bucket.cell.week,
        **{name: getattr(counts, name) for name in COLUMNS},
        "exposure": bucket.exposure,
        "exposure_unit": bucket.exposure_unit,
    }
