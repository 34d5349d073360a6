"""What a rebuild needs from the world: the log from its beginning, and a generation of views to build."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, Protocol


class LogStretch(Protocol):
    """Some records of all inputs."""

    @property
    def events(self) -> Sequence[Any]:
        """Return what was read."""
        ...

    @property
    def read(self) -> int:
        """Return how many offsets it took."""
        ...

    @property
    def places(self) -> Mapping[str, Mapping[int, int]]:
        """Return, by topic, the next offset of each partition that was asked for."""
        ...


class EventLog(Protocol):
    """The log as a rebuild reads it: from given places to where it ends now."""

    @property
    def topics(self) -> Sequence[str]:
        """Return the names of the service's inputs."""
        ...

    @property
    def numbers(self) -> Sequence[int]:
        """Return the numbers of the partitions; all that there is of a site lies in those of one number."""
        ...

    async def size(self, places: Mapping[str, Mapping[int, int]]) -> int:
        """Return how many records lie behind the places."""
        ...

    def read(self, numbers: Collection[int], places: Mapping[str, Mapping[int, int]]) -> AsyncIterator[LogStretch]:
        """Iterate over the records of some partitions of all inputs from the places on."""
        ...


class NextViews(Protocol):
    """A generation of views that is built beside the live one."""

    async def begin(self) -> None:
        """Make empty collections, throwing away what an earlier try left."""
        ...

    async def hold(self, events: Sequence[Any]) -> None:
        """Fold events of the partitions of one number, none of them a second time; nothing is published."""
        ...

    async def put(self) -> None:
        """Count the rows of what was held and write all of it, once the number's partitions have been read."""
        ...

    async def index(self) -> None:
        """Make the views ready for events of any partition, once every partition was put."""
        ...

    async def take(self, events: Sequence[Any]) -> None:
        """Fold events that came meanwhile into it, and count their rows; nothing is published."""
        ...

    async def swap(self, places: Mapping[str, Mapping[int, int]]) -> None:
        """Make it live at once, together with the places from which the service reads on."""
        ...

    async def publish_changes(self, *, everything: bool = False) -> int:
        """Publish the rows that differ from the generation before, or all, and return how many."""
        ...

    async def drop_old(self) -> None:
        """Drop the generation before."""
        ...
