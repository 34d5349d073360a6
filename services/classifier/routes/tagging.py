"""The hot path's edge: reports in, classifications out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from services.classifier.adapters.announce import Announcer, Outgoing
from services.classifier.domain.classification import Answers, Classification
from services.classifier.domain.classify import Asked, Classifier
from services.classifier.usecases.shadow import Shadowing
from shared.contracts.intake import Report, ReportAmended, ReportReceived
from shared.kernel.clock import Clock
from shared.runtime.received import Received

Told = ReportReceived | ReportAmended
Note = Callable[[Sequence[Told], Sequence[Classification], datetime], None]


class Tagging:
    """Turns report events into classification records; pure but for the clock.

    Args:
        classifier: The model.
        announcer: Writes the records.
        clock: One moment per batch.
        shadow: Reads along with another model, and says nothing; None where there is none.
        note: Called with the reports of a batch, what was found and the moment, for the metrics.
    """

    def __init__(
        self,
        classifier: Classifier,
        announcer: Announcer,
        clock: Clock,
        shadow: Shadowing | None = None,
        note: Note | None = None,
    ) -> None:
        self._note = note
        self._classifier = classifier
        self._announcer = announcer
        self._clock = clock
        self._shadow = shadow

    def __call__(self, events: Sequence[Received]) -> Iterator[Outgoing]:
        """Classify the reports among some events; withdrawals and the registry need no answer."""
        now = self._clock.now()
        told = [received.event for received in events if isinstance(received.event, ReportReceived | ReportAmended)]
        asked = [Asked(said.report.text, said.report.setting, answers_of(said.report)) for said in told]
        found = self._classifier.classify_many(asked)
        if self._shadow is not None:
            self._shadow.read(asked, found, now)
        if self._note is not None:
            self._note(told, found, now)
        for said, labels in zip(told, found, strict=True):
            yield self._announcer.classified(said, labels, now)
            yield from self._announcer.given(said, now)


def answers_of(report: Report) -> Answers | None:
    """Return what the reporter answered on the form and the model must not overrule; None where nothing was."""
    kind = report.disruption.kind if report.disruption is not None else None
    if kind is None and report.asset_ref is None:
        return None
    return Answers(disruption_kind=kind, asset=report.asset_ref)
