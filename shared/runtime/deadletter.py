"""Dead letters: what can never be processed, kept with the reason; and the stop after too many in a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.contracts.envelope import Headers
from shared.contracts.topics import Service, Topic
from shared.runtime.inbox import Halt
from shared.runtime.outbox import OutboxRow, Tick

REASON_MAX = 500


@dataclass(frozen=True)
class DeadLetter:
    """One record that can never be processed.

    Attributes:
        record: As it came from Kafka.
        kind: undecodable or rule.
        reason: Fields and rules, never values or report text.
    """

    record: Any
    kind: str
    reason: str

    def headers(self) -> Headers:
        """Return the record's own headers with where it lay and why it is here."""
        origin = f"{self.record.topic}/{self.record.partition}/{self.record.offset}"
        return [
            *((name, value or b"") for name, value in self.record.headers),
            ("dead_letter_kind", self.kind.encode()),
            ("dead_letter_reason", self.reason[:REASON_MAX].encode()),
            ("dead_letter_origin", origin.encode()),
        ]

    def row(self, topics: Mapping[str, Topic], service: Service, now_ms: int) -> OutboxRow:
        """Return the outbox row that sends it to the consumer's dead letter topic."""
        record = self.record
        return OutboxRow(
            aggregate=f"dlq:{record.topic}:{record.partition}:{record.offset}",
            tick=Tick(now_ms, 1),
            topic=topics[record.topic].dead_letter(service),
            partition=record.partition,
            key=record.key or b"",
            value=record.value,
            headers=self.headers(),
        )


class Streak:
    """Counts dead letters in a row: a bad release must not empty a safety log into the dead letter.

    Args:
        limit: So many in a row halt the consumer.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._length = 0

    def check(self, records: Sequence[Any], letters: Sequence[DeadLetter]) -> None:
        """Look at a batch before it is applied.

        Raises:
            Halt: the batch would make the row too long; nothing of it is applied.
        """
        if self._longest(records, [letter.record for letter in letters])[0] >= self._limit:
            raise Halt(
                f"{self._limit} records in a row could not be processed. Mend the release or the producer, "
                "then restart; nothing was passed over. (NEARMISS_DEAD_LETTERS_IN_A_ROW_MAX)"
            )

    def remember(self, records: Sequence[Any], dead: Sequence[Any]) -> None:
        """Take a batch into account that was applied."""
        self._length = self._longest(records, dead)[1]

    def _longest(self, records: Sequence[Any], dead: Sequence[Any]) -> tuple[int, int]:
        bad = {(record.topic, record.partition, record.offset) for record in dead}
        longest = length = self._length
        for record in records:
            length = length + 1 if (record.topic, record.partition, record.offset) in bad else 0
            longest = max(longest, length)
        return longest, length
