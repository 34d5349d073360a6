"""Letting a new model read along before it takes over: it is counted and says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from services.classifier.domain.classification import Classification
from services.classifier.domain.classify import Asked, Classifier
from services.classifier.domain.shadow import Tally
from services.classifier.ports import ShadowStore
from shared.kernel.clock import london_date


class Shadowing:
    """Runs a second model over the same reports and counts where the two agree.

    Args:
        classifier: The model in shadow.
    """

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._tallies: dict[tuple[str, str, date], Tally] = {}

    def read(self, asked: Sequence[Asked], live: Sequence[Classification], at: datetime) -> None:
        """Classify reports as well and count the comparison.

        Args:
            asked: The reports.
            live: What the model that speaks said of each.
            at: When they are counted.
        """
        day = london_date(at)
        try:
            answers = self._classifier.classify_many(asked)
        except Exception as error:  # noqa: BLE001 - whatever a model in shadow does, the one that speaks goes on
            self._broken(live, type(error).__name__, day)
            return
        for one, other in zip(live, answers, strict=True):
            key = (one.model_version, other.model_version, day)
            self._tallies.setdefault(key, Tally(*key)).add(one, other)

    def _broken(self, live: Sequence[Classification], error: str, day: date) -> None:
        for one in live:
            key = (one.model_version, self._classifier.version, day)
            self._tallies.setdefault(key, Tally(*key)).errors[error] += 1

    async def keep(self, store: ShadowStore) -> None:
        """Hand the counts over; where the store is away they stay and wait.

        Raises:
            Unavailable: the store is away.
        """
        taken, self._tallies = self._tallies, {}
        try:
            await store.add(list(taken.values()))
        except BaseException:
            for key, tally in taken.items():
                self._tallies.setdefault(key, Tally(*key)).plus(tally)
            raise
