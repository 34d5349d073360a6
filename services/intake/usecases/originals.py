"""Reading originals: who may, for which reason, and a record of it before the first word is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from services.intake.domain.acts import act_of
from services.intake.domain.cases import READING_REASONS
from services.intake.domain.report import HELD, Identity, Narrative
from services.intake.ports import StoredReport
from services.intake.ports.dialogue import CaseStore
from services.intake.usecases.means import Means
from services.intake.usecases.settling import PHOTO
from shared.kernel.errors import Fault, Invalid, NotFound
from shared.kernel.principal import Principal, Role

TYPED_MIN_CHARS: Final = 10
TYPED_MAX_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class Reading:
    """That somebody read an original.

    Attributes:
        what: original, photo, or subject_access.
        reason: A preset word, or what the reader typed, redacted.
    """

    provider_id: str
    site_id: str
    report_id: str
    at: datetime
    by_subject: str
    by_role: str
    what: str
    reason: str


class Readings(Protocol):
    """Keeps who read what; nothing is ever taken out."""

    async def add(self, readings: list[Reading]) -> None:
        """Write readings down durably."""
        ...

    async def of_report(self, provider_id: str, report_id: str) -> list[Reading]:
        """Return the readings of a report, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Original:
    """What was first told, and what it reads now where it was amended.

    Attributes:
        reporter_name: Only for a report that was given with an open name.
        has_photo: Whether a photo lies with it.
    """

    first: Narrative
    latest: Narrative | None
    reporter_name: str | None
    has_photo: bool


class Originals:
    """Opens originals.

    Args:
        means: What it works with.
        cases: Keeps photos.
        readings: Keeps who read what.
    """

    def __init__(self, means: Means, cases: CaseStore, readings: Readings) -> None:
        self._means = means
        self._cases = cases
        self._readings = readings

    async def read(self, principal: Principal, provider_id: str | None, report_id: str, reason: str) -> Original:
        """Return an original; the reading is written down first. Who told it stays hidden.

        Args:
            principal: Who asks. Who manages the site gives a preset reason, others type one.
            provider_id: The provider, for keys that are not bound to one.
            report_id: The report.
            reason: One of READING_REASONS, or 10 to 200 characters.

        Raises:
            NotFound: there is none for the principal, or it was erased.
            Invalid: no reason, or a preset one from somebody who must type theirs.
            Unavailable: the database is away; nothing was shown.
        """
        stored = await self._noted(principal, provider_id, report_id, reason, "original")
        vault, report = self._means.vault, stored.report
        first = vault.first(report_id, stored.sealed)
        identity, latest = vault.open(report_id, stored.sealed)
        photo = await self._cases.photo(report.provider_id, report_id)
        return Original(
            first, latest if latest.whole() != first.whole() else None, _open_name(stored, identity), photo is not None
        )

    async def photo(self, principal: Principal, provider_id: str | None, report_id: str, reason: str) -> bytes:
        """Return the photo; as `read`."""
        stored = await self._noted(principal, provider_id, report_id, reason, PHOTO)
        box = await self._cases.photo(stored.report.provider_id, report_id)
        if box is None:
            raise NotFound(f"report {report_id} has no photo")
        return self._means.vault.open_part(report_id, stored.sealed, PHOTO, box)

    async def history(self, principal: Principal, provider_id: str | None, report_id: str) -> list[Reading]:
        """Return who read a report's original, for those who answer for the whole provider.

        Raises:
            NotFound: there is no such report for the principal.
        """
        stored = await self._visible(principal, provider_id, report_id)
        return await self._readings.of_report(stored.report.provider_id, report_id)

    async def _noted(
        self, principal: Principal, provider_id: str | None, report_id: str, reason: str, what: str
    ) -> StoredReport:
        stored = await self._visible(principal, provider_id, report_id)
        report, now = stored.report, self._means.clock.now()
        told = reason.strip()
        if told not in READING_REASONS or Role.MANAGER not in principal.roles:
            if not TYPED_MIN_CHARS <= len(told) <= TYPED_MAX_CHARS or told in READING_REASONS:
                fault = Fault(
                    f"say in {TYPED_MIN_CHARS} to {TYPED_MAX_CHARS} characters why you must read it", "reason"
                )
                raise Invalid("nothing was shown; see errors", (fault,))
            told = str(self._means.redactor.redact(told, ()))
        role = act_of(principal, what, 0, now).by_role
        reading = Reading(report.provider_id, report.site_id, report_id, now, principal.subject, role, what, told)
        await self._readings.add([reading])
        return stored

    async def _visible(self, principal: Principal, provider_id: str | None, report_id: str) -> StoredReport:
        stored = await self._means.store.read(principal.provider(provider_id), report_id)
        if stored is None or stored.erased is not None or not principal.may_see_site(stored.report.site_id):
            raise NotFound(f"report {report_id} is not known here")
        if stored.report.visibility == HELD and not principal.sees_held:
            raise NotFound(f"report {report_id} is not known here")
        return stored


def _open_name(stored: StoredReport, identity: Identity) -> str | None:
    if stored.report.identity_mode != "named" or identity.reporter is None:
        return None
    return identity.reporter.name
