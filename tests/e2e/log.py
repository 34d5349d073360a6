"""The log from outside, by a client library that shares no code with ours."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

from confluent_kafka import Consumer, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.support.system import System


def every_record(system: System) -> Iterator[tuple[str, Message]]:
    """Every record of every topic of ours, read with confluent-kafka."""
    address = system.engines.kafka_bootstrap
    names = [
        n
        for n in AdminClient({"bootstrap.servers": address}).list_topics(timeout=10).topics
        if re.match(r"nearmiss\.", n)
    ]
    consumer = Consumer({"bootstrap.servers": address, "group.id": uuid.uuid4().hex, "enable.auto.commit": False})
    open_ends = {}
    for name in names:
        for partition in consumer.list_topics(name, timeout=10).topics[name].partitions:
            end = consumer.get_watermark_offsets(TopicPartition(name, partition), timeout=10)[1]
            if end:
                open_ends[name, partition] = end
    consumer.assign([TopicPartition(name, partition, 0) for name, partition in open_ends])
    while open_ends:
        record = consumer.poll(10.0)
        assert record is not None, f"these ended early: {open_ends}"
        assert record.error() is None
        topic, offset = record.topic(), record.offset()
        assert topic is not None
        assert offset is not None
        place = topic, record.partition()
        if place in open_ends:
            yield topic, record
            if offset + 1 >= open_ends[place]:
                del open_ends[place]
    consumer.close()
