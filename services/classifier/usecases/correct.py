"""Taking a person's correction of labels."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from services.classifier.domain.correction import Correction, faults_in
from services.classifier.ports import CorrectionStore
from shared.kernel.errors import Invalid, NotFound
from shared.kernel.principal import Principal, Role
from shared.redaction import redact
from shared.taxonomy.model import Taxonomy

CORRECTING = (Role.SAFEGUARDING, Role.GOVERNANCE, Role.MANAGER)
"""Who may say what a report is about; who has several of these roles acts in the first."""
REASON_MAX = 200


def vocabulary_of(taxonomy: Taxonomy) -> dict[str, Collection[str]]:
    """Return the allowed words per field of a correction."""
    domains = set(taxonomy.domains)
    return {
        "domains": domains,
        "primary_domain": domains,
        "contributory_factors": set(taxonomy.factors),
        "potential_severity": set(taxonomy.severities),
        "how_caught": set(taxonomy.how_caught),
        "event_class": set(taxonomy.event_classes),
        "disruption_kind": set(taxonomy.disruption_kinds),
        "escalate": set(taxonomy.escalations),
    }


class CorrectLabels:
    """Takes a person's correction.

    Args:
        store: Where corrections are kept.
        taxonomy: The words that may be used.
    """

    def __init__(self, store: CorrectionStore, taxonomy: Taxonomy) -> None:
        self._store = store
        self._vocabulary = vocabulary_of(taxonomy)

    async def __call__(
        self,
        principal: Principal,
        provider_id: str | None,
        site_id: str,
        report_id: str,
        report_revision: int,
        fields: Mapping[str, Any],
        reason: str,
    ) -> int:
        """Record a correction.

        Args:
            principal: Who decides; has one of the roles that may correct.
            provider_id: The tenant; None takes the principal's.
            site_id: The report's site.
            report_id: The report.
            report_revision: The revision that was read.
            fields: The labels decided.
            reason: Why; redacted before it is kept.

        Returns:
            The decision number.

        Raises:
            NotFound: the site is not in the principal's reach.
            Invalid: a field or word is not known.
        """
        provider = principal.provider(provider_id)
        if not principal.may_see_site(site_id):
            raise NotFound(f"site {site_id} is not known here")
        if faults := faults_in(fields, self._vocabulary):
            raise Invalid("the correction cannot be taken", tuple(faults))
        said = redact(reason).text[:REASON_MAX]
        role = next(role.value for role in CORRECTING if role in principal.roles)
        return await self._store.record(
            Correction(provider, site_id, report_id, report_revision, fields, role, type(redact("").text)(said))
        )
