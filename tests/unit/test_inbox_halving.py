"""Halving a batch after a bug, while another member moves the place: nothing may be skipped."""

from __future__ import annotations

from types import SimpleNamespace

from aiokafka import TopicPartition

from shared.runtime.inbox import Inbox, Moved
from shared.runtime.metrics import Metrics
from shared.runtime.settings import RuntimeSettings

TP = TopicPartition("t", 0)


class Ledger:
    """Keeps one place; the first try of a whole batch is a bug, after which another member has moved the place."""

    def __init__(self, moved_to: int) -> None:
        self.next, self.moved_to, self.applied, self.bugs = 0, moved_to, [], 0

    async def read(self, partitions, consumer):
        return dict.fromkeys(partitions, self.next)

    async def apply(self, parts, consumer):
        start, records = parts[TP]
        if start != self.next:
            raise Moved({TP: self.next})
        if not self.bugs:
            self.bugs += 1
            self.next = self.moved_to
            raise ZeroDivisionError
        self.applied += [record.offset for record in records]
        self.next = records[-1].offset + 1


class Consumer:
    """Remembers where it was sent."""

    def __init__(self) -> None:
        self.began, self.place = {TP: 0}, None

    def assignment(self):
        return {TP}

    def seek(self, tp, offset):
        self.place = offset

    async def commit(self, offsets):
        return None

    async def end_offsets(self, partitions):
        return dict.fromkeys(partitions, 100)


async def test_a_place_that_moved_between_two_halves_leaves_no_gap():
    """The halves are only applied one on the other; else the consumer goes back to the stored place."""
    ledger, consumer = Ledger(moved_to=10), Consumer()
    inbox = Inbox("actions", ledger, Metrics("actions"), RuntimeSettings())
    inbox.subscriber = SimpleNamespace(consumer=consumer)
    batch = [SimpleNamespace(topic="t", partition=0, offset=offset) for offset in range(100)]

    await inbox.on_batch(batch)

    assert (ledger.applied, ledger.next, consumer.place) == ([], 10, 10)
    consumer.began = {TP: 10}
    await inbox.on_batch(batch[10:])
    assert ledger.applied == list(range(10, 100))
