"""The service's inputs as a rebuild reads them: outside every group, from given places to where they end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence

from shared.contracts.topics import PARTITIONS, inputs_of
from shared.runtime.access import Kafka
from shared.runtime.log_reader import Stretch, log_ids, log_size, read_partitions


class KafkaLog:
    """Implements `ports.rebuild.EventLog`.

    Args:
        kafka: Where it is and how to sign in.
    """

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._topics = {topic.name: topic for topic in inputs_of("reporting")}

    @property
    def topics(self) -> Sequence[str]:
        """Return the names of the service's inputs."""
        return tuple(self._topics)

    @property
    def numbers(self) -> Sequence[int]:
        """Return the numbers of the partitions; all that there is of a site lies in those of one number."""
        return range(PARTITIONS)

    async def size(self, places: Mapping[str, Mapping[int, int]]) -> int:
        """Return how many offsets lie behind the places."""
        return await log_size(self._kafka, tuple(self._topics.values()), places)

    async def topic_ids(self) -> dict[str, str]:
        """Return Kafka's own ids of the inputs, by name."""
        return await log_ids(self._kafka, tuple(self._topics.values()))

    async def read(self, numbers: Collection[int], places: Mapping[str, Mapping[int, int]]) -> AsyncIterator[Stretch]:
        """Iterate over the records of some partitions of all inputs from the places on."""
        async for stretch in read_partitions(self._kafka, tuple(self._topics.values()), numbers, places):
            yield stretch
