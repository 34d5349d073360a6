"""The time of the database itself: what changed is marked and found by it, whatever the clocks of the services say."""

from __future__ import annotations

from bson.timestamp import Timestamp

from shared.runtime.mongo import Database, translate

MARGIN_S = 10
"""Reading goes on so far before the last one: a transaction marks what it writes as it writes it, and may commit later,
but never so much later (the server ends it after five seconds). What changed in between comes twice, which does no
harm."""


async def cluster_time(db: Database) -> Timestamp:
    """Return the time that the replica set has come to; no mark that is made from now on lies before it.

    Seconds since 1970 by the primary's clock, but never going back, and handed on from one primary to the next.

    Raises:
        Unavailable: the engine does not answer.
    """
    answer = await translate(db.command("ping"))
    moment: Timestamp = answer["$clusterTime"]["clusterTime"]
    return moment


def read_from(moment: Timestamp) -> Timestamp:
    """Return the mark from which on changes are read, so that none is missed after a reading that began at a moment."""
    return Timestamp(max(1, moment.time - MARGIN_S), 0)
