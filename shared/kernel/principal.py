"""Who is asking, and what they may see: one value that every store function takes its tenant from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.kernel.errors import Forbidden, NotFound


class Role(StrEnum):
    """What a principal does; a route names the roles that it lets in."""

    FEED = "feed"  # an app or file feed of the provider: sends reports and exposure
    MANAGER = "manager"  # runs one or a few sites
    GOVERNANCE = "governance"  # answers for the whole provider
    SAFEGUARDING = "safeguarding"  # sees what is held from a site
    ANALYST = "analyst"  # reads views; provider-wide, without report text
    OPERATOR = "operator"  # runs the system: registry, keys, replay
    INSPECTOR = "inspector"  # the regulator, by an expiring login: reads all of a provider, redacted, changes nothing
    COMMISSIONER = "commissioner"  # a council: reads only what was issued to it, frozen and disclosure-controlled


PROVIDER_WIDE = frozenset({Role.GOVERNANCE, Role.SAFEGUARDING, Role.OPERATOR, Role.INSPECTOR})
EVERY_PROVIDER = "*"


@dataclass(frozen=True)
class Principal:
    """A verified identity.

    Attributes:
        subject: Opaque id of who acts: `user:<id>` for a person with any of their keys and links, else `key:<id>` or
            `link:<id>`; never a name. Two acts are by two people only where their subjects differ.
        tenant: The provider's id, or "*" for the operator of the whole installation.
        sites: Ids of the sites in reach; None means all sites of the tenant.
        roles: What the principal does.
        expires_at: Aware moment from which the proof is void.
        credential: The key or link that proved it, `key:<id>` or `link:<id>`; None where that is the subject.
    """

    subject: str
    tenant: str
    sites: frozenset[str] | None
    roles: frozenset[Role]
    expires_at: datetime
    credential: str | None = None

    @property
    def user_id(self) -> str | None:
        """Return the person's id in the register; None for a key or link that is nobody's own."""
        kind, _, user_id = self.subject.partition(":")
        return user_id if kind == "user" else None

    def provider(self, asked: str | None = None) -> str:
        """Return the provider to work on.

        Args:
            asked: The provider named in the request; None takes the principal's own.

        Raises:
            NotFound: another tenant's provider was asked for.
            Forbidden: an operator of all providers named none.
        """
        if self.tenant == EVERY_PROVIDER:
            if asked is None:
                raise Forbidden("name the provider: this key is not bound to one")
            return asked
        if asked is not None and asked != self.tenant:
            raise NotFound(f"provider {asked} is not known here")
        return self.tenant

    def may_see_site(self, site_id: str) -> bool:
        """Tell whether a site of the own tenant is in reach."""
        return self.sites is None or site_id in self.sites

    @property
    def sees_held(self) -> bool:
        """Tell whether reports held from their site, and counts that would show them, are in reach."""
        return self.sites is None and bool(self.roles & PROVIDER_WIDE)
