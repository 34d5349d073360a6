"""Who may see what: a principal becomes a reach, and what is out of it does not exist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.reporting.ports import Views
from shared.kernel.errors import Fault, Invalid, NotFound
from shared.kernel.principal import EVERY_PROVIDER, Principal, Role

READERS = (Role.GOVERNANCE, Role.SAFEGUARDING, Role.MANAGER, Role.ANALYST, Role.OPERATOR, Role.INSPECTOR)
TEXT_READERS = frozenset(READERS) - {Role.ANALYST}


@dataclass(frozen=True)
class Access:
    """Implements `ports.Reach`.

    Attributes:
        provider_id: The tenant.
        sites: The sites in reach; None for all.
        held: Whether what is held from its site is in reach.
        text: Whether the redacted words of reports and of those who act on them are in reach.
        roles: What the reader does; it chooses the entries of the navigation and opens nothing.
    """

    provider_id: str
    sites: frozenset[str] | None
    held: bool
    text: bool
    roles: frozenset[Role] = frozenset()


async def access_to(views: Views, principal: Principal, provider_id: str | None = None) -> Access:
    """Return what a principal reaches of a provider.

    Args:
        views: To ask whether a provider exists, where the principal is bound to none.
        principal: Who is asking.
        provider_id: The provider named in the request; None takes the principal's own.

    Raises:
        NotFound: another tenant's provider, or one that does not exist.
        Forbidden: an operator of all providers named none.
    """
    access = Access(
        provider_id=principal.provider(provider_id),
        sites=principal.sites,
        held=principal.sees_held,
        text=bool(principal.roles & TEXT_READERS),
        roles=principal.roles,
    )
    if principal.tenant == EVERY_PROVIDER and await views.provider(access) is None:
        raise NotFound(f"provider {access.provider_id} is not known here")
    return access


async def require_site(views: Views, access: Access, site_id: str | None) -> None:
    """Refuse a site that does not exist for the reader.

    Raises:
        NotFound: it is out of reach, or unknown.
    """
    if site_id is not None and not await views.knows_site(access, site_id):
        raise NotFound(f"site {site_id} is not known here")


def require_order(first: date | None, last: date | None) -> None:
    """Refuse a period that ends before it starts.

    Raises:
        Invalid: names the field.
    """
    if first is not None and last is not None and last < first:
        raise Invalid("the period ends before it starts", (Fault(f"must not be before {first}", field="to"),))
