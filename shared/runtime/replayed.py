"""HTTP for acts of the past: a header says from when an act counts, where somebody may say so."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import Header, Request
from pydantic import AwareDatetime

from shared.kernel.act_time import ActTime
from shared.kernel.errors import Forbidden
from shared.kernel.principal import Role
from shared.runtime.auth import TokenVerifier

Said = Annotated[
    AwareDatetime | None, Header(description="In a replay of history: when this was done. Needs the operator's role.")
]


def effective_moment(
    act_time: ActTime, *, everybody: bool
) -> Callable[[Request, AwareDatetime | None], AsyncIterator[None]]:
    """Make the dependency that lets a request count from the moment in its header Effective-At.

    Args:
        act_time: The clock of acts.
        everybody: Whether every role that may act may also say when: in the demo alone.
    """

    async def dependency(request: Request, effective_at: Said = None) -> AsyncIterator[None]:
        if effective_at is None:
            yield
            return
        if not everybody:
            await _refuse_others(request)
        with act_time.at(effective_at):
            yield

    return dependency


async def _refuse_others(request: Request) -> None:
    verifier: TokenVerifier = request.app.state.verifier
    if Role.OPERATOR not in (await verifier.principal(request)).roles:
        raise Forbidden("only an operator may say when something was done: leave out the header Effective-At")
