"""The pages of the data dictionary: what leaves us, and what is in each field and column, made from the contracts."""

from __future__ import annotations

import json

from fastapi import APIRouter, Response

from services.reporting.domain.exports import TABLES
from services.reporting.routes.api import Reader
from services.reporting.routes.desk import Desk
from services.reporting.routes.dictionary import topic_entries
from services.reporting.routes.worked_queries import fetch_line, query_line
from services.reporting.usecases.access import access_to
from shared.kernel.errors import NotFound

HERE = "dictionary"


def dictionary_pages(desk: Desk) -> APIRouter:
    """Build the routes.

    Args:
        desk: What pages are made with.
    """
    answers = DictionaryPages(desk)
    router = APIRouter(prefix="/providers/{provider_id}/dictionary", include_in_schema=False)
    router.get("")(answers.all)
    router.get("/tables/{name}")(answers.table)
    router.get("/events/{name}")(answers.event)
    return router


class DictionaryPages:
    """The answers.

    Args:
        desk: What they are made with.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def all(self, principal: Reader, provider_id: str) -> Response:
        """List the export tables and the topics with their events."""
        access = await access_to(self._desk.views, principal, provider_id)
        return await self._desk.page(
            "dictionary.html", access, HERE, tables=list(TABLES.values()), topics=topic_entries()
        )

    async def table(self, principal: Reader, provider_id: str, name: str) -> Response:
        """Show the columns of an export table that the reader gets, and a query that works as it stands."""
        access = await access_to(self._desk.views, principal, provider_id)
        if name not in TABLES:
            raise NotFound(f"table {name} is not exported")
        table = TABLES[name]
        return await self._desk.page(
            "dictionary_table.html",
            access,
            HERE,
            table=table,
            columns=table.shown(access.text),
            fetch=fetch_line(name),
            query=query_line(name),
        )

    async def event(self, principal: Reader, provider_id: str, name: str) -> Response:
        """Show the fields of an event, and one of its published examples."""
        access = await access_to(self._desk.views, principal, provider_id)
        found = [(topic, event) for topic in topic_entries() for event in topic.events if event.name == name]
        if not found:
            raise NotFound(f"event {name} is not in the contracts")
        topic, event = found[0]
        example = json.dumps(event.example, indent=2, ensure_ascii=False)
        return await self._desk.page("dictionary_event.html", access, HERE, topic=topic, event=event, example=example)
