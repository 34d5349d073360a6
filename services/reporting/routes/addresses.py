"""Addresses of pages, reporting's own and those of the other services behind the same front door."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from shared.web.navigation import BOARD, CLOCKS, SIGNALS, TRIAGE, provider_home

PROVIDERS = "/providers/"


def reports_address(provider_id: str, **asked: Any) -> str:
    """Return the address of the list of reports behind a number."""
    return f"{provider_home(provider_id)}/reports" + query(**asked)


def report_address(provider_id: str, site_id: str, report_id: str) -> str:
    """Return the address of one report; a report's id is unique within its site."""
    return f"{provider_home(provider_id)}/reports/{quote(site_id, safe='')}/{quote(report_id, safe='')}"


def site_address(provider_id: str, site_id: str) -> str:
    """Return the address of a site's page."""
    return f"{provider_home(provider_id)}/sites/{quote(site_id, safe='')}"


def domain_address(provider_id: str, domain: str, site_id: str | None = None, **asked: Any) -> str:
    """Return the address of a domain's chart, of one site or of all."""
    return f"{provider_home(provider_id)}/domains/{quote(domain, safe='')}" + query(site=site_id, **asked)


def page_address(provider_id: str, name: str, **asked: Any) -> str:
    """Return the address of another page of a provider, by its name: risks, culture, learning."""
    return f"{provider_home(provider_id)}/{name}" + query(**asked)


def signal_address(signal_id: str) -> str:
    """Return where a question from the data is looked at and decided."""
    return f"{SIGNALS}/{quote(signal_id, safe='')}"


def task_address(action_id: str) -> str:
    """Return where an action is worked on."""
    return f"/act/actions/{quote(action_id, safe='')}"


def duty_address(duty_id: str) -> str:
    """Return where a duty is answered."""
    return f"/act/duties/{quote(duty_id, safe='')}"


def card_address(card_id: str) -> str:
    """Return where it is recorded what now stands in the way of what could have killed."""
    return f"/act/cards/{quote(card_id, safe='')}"


def occurrence_address(occurrence_id: str) -> str:
    """Return where an inspection or verification is carried out."""
    return f"/act/occurrences/{quote(occurrence_id, safe='')}"


def triage_address(report_id: str) -> str:
    """Return where a report is reviewed and corrected."""
    return f"{TRIAGE}/{quote(report_id, safe='')}"


def turns(provider_id: str, name: str, skip: int, rows: int, total: int, **asked: Any) -> tuple[str | None, str | None]:
    """Return the addresses of the parts before and after one part of a long list; None where there is none.

    Args:
        provider_id: The provider.
        name: The page.
        skip: So many rows lie before this part.
        rows: So many are shown at once.
        total: So many there are.
        asked: What else the page was asked for.
    """
    before = page_address(provider_id, name, **asked, skip=max(0, skip - rows) or None) if skip else None
    after = page_address(provider_id, name, **asked, skip=skip + rows) if skip + rows < total else None
    return before, after


def query(**asked: Any) -> str:
    """Return the query part of an address; what is None is left out."""
    parameters = urlencode({name: value for name, value in asked.items() if value is not None}, doseq=True)
    return f"?{parameters}" if parameters else ""


ACTS = {"triage": TRIAGE, "signals": SIGNALS, "board": BOARD, "clocks": CLOCKS}
"""Where people act; the other services' pages."""
