"""Drop the views so that the service makes them again from the log."""

from __future__ import annotations

from services.reporting.ports import Admin


class StillRunning(Exception):
    """A process of the service is alive, and would fold into what is being dropped."""


async def rebuild_views(admin: Admin) -> None:
    """Drop facts, views and fences; what was issued lies elsewhere and is never touched.

    Args:
        admin: The database.

    Raises:
        StillRunning: the service is running; nothing was dropped.
    """
    if await admin.is_running():
        raise StillRunning("reporting is running (its lease is held): stop it, wait five seconds, try again")
    await admin.drop_views()
