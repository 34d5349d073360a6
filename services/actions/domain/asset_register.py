"""The assets of a site as the register has them, and whether what somebody typed is one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from services.actions.domain.detection.log_lines import asset_of
from shared.kernel.errors import Fault, Invalid

__all__ = ["RegisteredAsset", "find", "refuse_unknown"]

NAMED_MAX = 8
_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class RegisteredAsset:
    """An asset of the register, as of its highest revision.

    Attributes:
        number: What stands on its label and what reports refer to.
        owner: Who answers for it: provider, council, nhs, landlord, supplier or person.
        owner_name: The organisation, never a person.
        retired_on: From when on it is no longer used; None while it is.
    """

    provider_id: str
    site_id: str
    asset_id: str
    revision: int
    number: str
    kind: str
    name: str | None = None
    owner: str = "provider"
    owner_name: str | None = None
    retired_on: date | None = None

    def in_use(self, today: date) -> bool:
        """Tell whether it is in use on a day."""
        return self.retired_on is None or today < self.retired_on


def find(typed: str, register: Iterable[RegisteredAsset]) -> RegisteredAsset | None:
    """Return the asset that somebody means by its number or its name, in any order of words; None where there is none.

    Args:
        typed: What was typed, such as `hoist 3` for `hoist-3`.
        register: The site's assets.
    """
    asked = _readings(typed)
    return next((known for known in register if asked & (_readings(known.number) | _readings(known.name or ""))), None)


def refuse_unknown(names: Sequence[str], field: str, register: Sequence[RegisteredAsset], today: date) -> None:
    """Refuse an asset that the site's register does not have; a site without a register may name any.

    Args:
        names: What was typed.
        field: The field's name, for the error.
        register: The site's assets.
        today: The present day in England.

    Raises:
        Invalid: names the first one that is unknown or retired, and what is known.
    """
    if not register:
        return
    for name in names:
        asset = find(name, register)
        if asset is None:
            known = sorted(known.number for known in register if known.in_use(today))
            listed = ", ".join(known[:NAMED_MAX]) + (" and others" if len(known) > NAMED_MAX else "")
            detail = f"the register of this site has {listed or 'none in use'}; register it first, or correct the name"
            raise Invalid(f"{name} is not in the register of this site", (Fault(detail, field),))
        if not asset.in_use(today):
            detail = f"{asset.number} is retired since {asset.retired_on}: name another, or correct the register"
            raise Invalid(f"{name} is no longer in use at this site", (Fault(detail, field),))


def _readings(typed: str) -> frozenset[frozenset[str]]:
    """Return the words as typed, and the words that reports of the same asset share."""
    plain = frozenset(_WORD.findall(typed.lower()))
    shared = frozenset(_WORD.findall((asset_of(typed, None) or "").lower()))
    return frozenset(words for words in (plain, shared) if words)
