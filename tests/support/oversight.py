"""Role holders, a channel that writes down what it is given, and a mailing round with a clock that can be moved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from services.actions.adapters.directory import MongoDirectory
from services.actions.adapters.oversight import MongoPost
from services.actions.adapters.store import MongoStore
from services.actions.ports.oversight import Channel, ChannelFailed, Message
from services.actions.usecases.mailing import Mailing
from shared.contracts.envelope import Event
from shared.contracts.intake import OnCallHours, RoleHolder, RoleHoldersChanged
from shared.kernel.clock import Clock, FixedClock
from shared.kernel.ids import event_id
from shared.taxonomy.loader import load_taxonomy
from shared.taxonomy.oversight import load_oversight

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
OVERSIGHT = load_oversight(load_taxonomy())


def held_by(
    role: str, user: str | None, site: str | None = "s", address: str | None = None, revision: int = 1, **when: Any
) -> Event:
    """Who holds a role; None nobody."""
    hours = when.pop("hours", None)
    on_call = (OnCallHours(days=hours[0], starts=hours[1], ends=hours[2]),) if hours else ()
    holders = (RoleHolder(user_id=user, on_call=on_call, **when),) if user else ()
    return RoleHoldersChanged(
        event_id=event_id("RoleHoldersChanged", f"{site}|{role}", revision),
        provider_id="p",
        site_id=site,
        recorded_at=NOW,
        role=role,
        revision=revision,
        work_address=address or f"{role}.{site or 'group'}@care.example",
        holders=holders,
    )


class Notebook:
    """A channel that keeps what it was given; it fails as often as it is told to."""

    name = "notebook"

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.failures: list[ChannelFailed] = []

    async def send(self, message: Message) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.messages.append(message)

    @property
    def addresses(self) -> list[str]:
        return [address for message in self.messages for address in message.addresses]


class Mailroom:
    """Rounds of the mailing over a house's database.

    Args:
        house: The service under test.
        at: When its clock begins.
        channel: Makes the way to people; by default a `Notebook`.
    """

    def __init__(self, house: Any, at: datetime, channel: Callable[[Clock], Channel] | None = None) -> None:
        self.clock = FixedClock(at)
        self.channel = Notebook()
        self.secrets: list[str] = []
        mongo = house.runtime.mongo
        self.store = MongoStore(mongo, self.clock, "test", 60_000, lambda: None)
        self.mailing = Mailing(
            self.store,
            MongoPost(mongo),
            MongoDirectory(mongo),
            channel(self.clock) if channel else self.channel,
            OVERSIGHT,
            self.clock,
            self._secret,
            "https://care.example/act",
            60.0,
        )

    def _secret(self) -> str:
        self.secrets.append(f"secret-{len(self.secrets)}")
        return self.secrets[-1]

    async def after(self, **later: float) -> None:
        """Move the clock on and do a round."""
        self.clock.moment += timedelta(**later)
        await self.mailing.round()
