"""What management did at a site, line by line: what people wrote, and the acts on tasks of the board."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from services.actions.domain.detection.facts import LogLine
from services.actions.domain.detection.log_lines import LogReading
from services.actions.domain.tasks import Task
from shared.kernel.ids import derived_id
from shared.taxonomy.model import PlaybookPattern

__all__ = ["ACCEPTED", "COMPLETED", "FREE", "STARTED", "LogEntry", "free_line", "task_line"]

FREE, ACCEPTED, STARTED, COMPLETED = "free", "accepted", "started", "completed"
_WORDS = {ACCEPTED: "Taken on", STARTED: "Begun", COMPLETED: "Completed"}


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line.

    Attributes:
        on: The day on which it was done.
        text: At most 200 characters, redacted.
        kind: free, or what was done with a task: accepted, started, completed.
        action_id: The task; None of a free line.
        domains: Domains that the task's playbook is about.
        factors: Contributory factors that it is about.
        process_measure: What shows that the task is really done.
        visibility: site, or held where the task is.
        noted_on: The day whose review took it in; None while none has.
    """

    line_id: str
    provider_id: str
    site_id: str
    on: date
    text: str
    kind: str
    by_role: str
    by: str
    recorded_at: datetime
    visibility: str = "site"
    action_id: str | None = None
    domains: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()
    process_measure: str | None = None
    noted_on: date | None = None

    @property
    def line(self) -> LogLine:
        """Return the line as detection takes it."""
        return LogLine(self.site_id, self.on.toordinal(), self.text, self.line_id)

    @property
    def reading(self) -> LogReading | None:
        """Return what it says where that is known from a playbook; None where its words must be read."""
        if self.action_id is None:
            return None
        return LogReading(frozenset({"remedy"}), self.domains, self.factors, (), ())

    @property
    def begins(self) -> bool:
        """Tell whether it can begin a remedy: a task begins one as it is taken on, and once."""
        return self.kind in (FREE, ACCEPTED)


def free_line(
    provider_id: str, site_id: str, on: date, text: str, by: tuple[str, str], recorded_at: datetime
) -> LogEntry:
    """Make the line that somebody wrote; the same words on the same day are the same line.

    Args:
        provider_id: The tenant.
        site_id: The site.
        on: The day on which it was done.
        text: What was done, redacted.
        by: Role and opaque id of who wrote it.
        recorded_at: The present moment.
    """
    line_id = derived_id(f"log|{provider_id}|{site_id}|{on}|{text}")
    return LogEntry(line_id, provider_id, site_id, on, text, FREE, *by, recorded_at)


def task_line(
    task: Task, kind: str, pattern: PlaybookPattern | None, by: tuple[str, str], on: date, recorded_at: datetime
) -> LogEntry:
    """Make the line of an act on a task.

    Args:
        task: After the act.
        kind: accepted, started or completed.
        pattern: What its playbook is about; None where the playbook is no longer known.
        by: Role and opaque id of who acted.
        on: The day of the act.
        recorded_at: The present moment.
    """
    return LogEntry(
        line_id=derived_id(f"log|{task.action_id}|{kind}"),
        provider_id=task.provider_id,
        site_id=task.site_id,
        on=on,
        text=f"{_WORDS[kind]}: {task.title}",
        kind=kind,
        by_role=by[0],
        by=by[1],
        recorded_at=recorded_at,
        visibility=task.visibility,
        action_id=task.action_id,
        domains=tuple(dict.fromkeys((*pattern.domains_all, *pattern.domains_any))) if pattern else (),
        factors=pattern.factors_any if pattern else (),
        process_measure=task.process_measure,
    )
