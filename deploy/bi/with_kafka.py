"""The newest row of every site, domain and week, read from the views topic with a client that is not ours."""

from __future__ import annotations

import json
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

MARKER_KEY = b"__marker__"
"""Key of records that only let a quiet segment roll."""


def newest_rows(bootstrap_servers: str, topic: str, idle_s: float = 10.0) -> dict[str, dict[str, Any]]:
    """Read the topic from its beginning to its present end.

    The topic is compacted: of each row id the record with the higher row_version holds, and a tombstone ends it.

    Args:
        bootstrap_servers: Where Kafka is.
        topic: The views topic, as TOPICS.md names it.
        idle_s: So long without a record is a broker that does not answer.

    Returns:
        The rows by id.
    """
    settings = {
        "bootstrap.servers": bootstrap_servers,
        "group.id": "bi-example",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
    }
    consumer, rows = Consumer(settings), dict[str, dict[str, Any]]()
    partitions = consumer.list_topics(topic, idle_s).topics[topic].partitions
    places = [TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions]
    open_ends = {place.partition for place in places}
    consumer.assign(places)
    try:
        while open_ends:
            record = consumer.poll(idle_s)
            if record is None:
                raise TimeoutError("the broker does not answer")
            if (error := record.error()) is not None:
                if error.code() != KafkaError._PARTITION_EOF:
                    raise RuntimeError(error.str())
                open_ends.discard(record.partition())
            elif record.key() != MARKER_KEY:
                _keep(rows, record.key() or b"", record.value())
    finally:
        consumer.close()
    return rows


def _keep(rows: dict[str, dict[str, Any]], key: bytes, value: bytes | None) -> None:
    if value is None:
        rows.pop(key.decode(), None)
        return
    row = json.loads(value)
    known = rows.get(row["row_id"])
    if known is None or row["row_version"] > known["row_version"]:
        rows[row["row_id"]] = row
