"""What every page is made with: navigation, names of sites, forms that are read, and what happens after them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

from fastapi import Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.actions.ports.learning import Places
from services.actions.routes.pages.titles import Titles, cadence
from services.actions.usecases.desk import Who
from shared.kernel.clock import Clock, london_date
from shared.kernel.errors import Conflict, Fault, Forbidden, Invalid, Refused
from shared.web.charts import Charts
from shared.web.navigation import BOARD, CLOCKS, SIGNALS, navigation, provider_home
from shared.web.pages import PAGE_HEADERS, Pages
from shared.web.problems import sentence

TYPED_MAX: Final = 2_000
SAVED: Final = "saved"
ROLE: Final = re.compile(r"[a-z][a-z0-9_]{1,63}")
STATUS: Final[dict[type[Refused], int]] = {Invalid: 422, Conflict: 409, Forbidden: 403}
BESIDE: Final[Mapping[str, Mapping[str, str]]] = {
    SIGNALS: {"signals": "Questions", "cards": "One is enough", "repeats": "Again, without an action"},
    BOARD: {
        "board": "Board",
        "routines": "Routines",
        "assets": "Assets",
        "programmes": "Programmes",
        "learning": "Learning log",
        "huddles": "Huddle sheets",
        "meetings": "Meetings",
        "calendars": "Calendars",
    },
    CLOCKS: {"escalations": "Clocks", "meetings": "Meetings"},
}
"""The pages that one entry of the navigation leads to: name in the address, and title."""
FOR_WHOLE_GROUPS: Final = frozenset({"programmes"})
Again = Callable[["Tried"], Awaitable[Response]]
"""Shows the page of a form once more, with what was wrong and what was typed."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A form that was sent and refused; empty for a page that is only looked at.

    Attributes:
        errors: Name of the field and what is wrong with it.
        typed: What was typed, by name.
        status: The answer's HTTP status.
    """

    errors: tuple[tuple[str, str], ...] = ()
    typed: Mapping[str, str] = field(default_factory=dict)
    status: int = 200

    def value(self, name: str, otherwise: object = "") -> str:
        """Return what was typed into a field, or what stands there at first."""
        return self.typed.get(name, "" if otherwise is None else str(otherwise))

    def error(self, name: str) -> str:
        """Return what is wrong with a field; nothing where nothing is."""
        return next((text for known, text in self.errors if known == name), "")


FRESH: Final = Tried()


class Typed:
    """A form as it was sent; fields are read as what they should be.

    Args:
        fields: Name and value; of a name that came several times all values.
    """

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        self._fields = fields

    @property
    def last(self) -> dict[str, str]:
        """Return the last value of each field."""
        return {name: values[-1] for name, values in self._fields.items()}

    def text(self, name: str) -> str | None:
        """Return a field's text; None where it is blank or was not sent."""
        return (self._fields.get(name) or [""])[-1].strip() or None

    def many(self, name: str) -> tuple[str, ...]:
        """Return all values of a field."""
        return tuple(value for value in self._fields.get(name, ()) if value)

    def lines(self, name: str) -> tuple[str, ...]:
        """Return the lines of a field that are not blank."""
        return tuple(line.strip() for line in (self.text(name) or "").splitlines() if line.strip())

    def role(self, name: str) -> str | None:
        """Return the word of a role, such as registered_manager; None where the field is blank.

        Raises:
            Invalid: there is something else, such as a person's name.
        """
        text = self.text(name)
        if text is not None and not ROLE.fullmatch(text):
            raise _bad(name, "choose a role")
        return text

    def choice(self, name: str, options: Collection[str]) -> str | None:
        """Return one of some words; None where the field is blank.

        Raises:
            Invalid: there is something else.
        """
        text = self.text(name)
        if text is not None and text not in options:
            raise _bad(name, "choose one of the answers")
        return text

    def number(self, name: str) -> int | None:
        """Return a whole number, 0 or more; None where the field is blank.

        Raises:
            Invalid: there is something else.
        """
        text = self.text(name)
        if text is None:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            raise _bad(name, "must be a whole number")
        return int(text)

    def needed(self, name: str) -> int:
        """Return a whole number that must be there.

        Raises:
            Invalid: there is none.
        """
        number = self.number(name)
        if number is None:
            raise _bad(name, "must be a whole number")
        return number

    def day(self, name: str) -> date | None:
        """Return a day; None where the field is blank.

        Raises:
            Invalid: there is something else.
        """
        text = self.text(name)
        if text is None:
            return None
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise _bad(name, "must be a day such as 2026-03-30") from None
        if not date(2000, 1, 1) <= day <= date(2100, 1, 1):
            raise _bad(name, "must be a day from 2000 to 2100")
        return day

    def day_needed(self, name: str) -> date:
        """Return a day that must be there.

        Raises:
            Invalid: there is none.
        """
        day = self.day(name)
        if day is None:
            raise _bad(name, "choose a day")
        return day

    def version(self) -> int:
        """Return the version that was seen.

        Raises:
            Invalid: the form has none.
        """
        return self.needed("version")


async def form_of(request: Request) -> Typed:
    """Read a form; a dependency of routes. Files come as their text.

    Raises:
        Invalid: a field is longer than any that a page offers, or a file is no UTF-8 text.
    """
    fields: dict[str, list[str]] = {}
    async with request.form(max_files=2, max_fields=600) as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                if len(value) > TYPED_MAX:
                    raise Invalid("the form cannot be read", (Fault(f"at most {TYPED_MAX} characters", name[:64]),))
                fields.setdefault(name, []).append(value)
            else:
                fields.setdefault(name, []).append(_file_text(name, await value.read()))
    return Typed(fields)


Sent = Annotated[Typed, Depends(form_of)]
Done = Annotated[str | None, Query(alias=SAVED, max_length=20)]


def _file_text(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(
            "the file is no text", (Fault("must be a CSV file in UTF-8: save it again as CSV UTF-8", name),)
        ) from None


class Frame:
    """Renders pages for somebody.

    Args:
        pages: Renders templates.
        charts: Draws.
        titles: Words.
        places: Names of sites.
        clock: The source of now.
        prefix: Where the front door has this service, such as /act.
    """

    def __init__(self, pages: Pages, charts: Charts, titles: Titles, places: Places, clock: Clock, prefix: str) -> None:
        self.pages = pages
        self.charts = charts
        self.titles = titles
        self.clock = clock
        self.prefix = prefix
        self._places = places

    @property
    def today(self) -> date:
        """Return the present day in England."""
        return london_date(self.clock.now())

    def href(self, *parts: str, **asked: object) -> str:
        """Return an address of this service: path segments, and what is asked."""
        path = "/".join(quote(part, safe=":") for part in parts)
        query = urlencode({name: value for name, value in asked.items() if value is not None}, doseq=True)
        return f"{self.prefix}/{path}" + (f"?{query}" if query else "")

    async def names(self, who: Who) -> dict[str, str]:
        """Return the names of the sites in reach, in alphabetical order."""
        found = await self._places.sites(who.provider_id, self.today)
        return {site.site_id: site.name for site in found if who.principal.may_see_site(site.site_id)}

    async def show(
        self, template: str, who: Who, here: str, tried: Tried = FRESH, saved: str | None = None, **context: Any
    ) -> HTMLResponse:
        """Render a page.

        Args:
            template: File name of the template.
            who: For whom.
            here: Address of the entry of the navigation that it belongs to.
            tried: The form that was refused.
            saved: Whether something was just saved.
            context: What the template names.
        """
        names = context.pop("names", None) or await self.names(who)
        home = provider_home(who.provider_id)
        html = self.pages.render(
            template,
            navigation(who.principal.roles, who.provider_id, who.principal.sites),
            here,
            titles=self.titles,
            href=self.href,
            home=home,
            names=names,
            today=self.today,
            acts=who.reads_words,
            beside=self._beside(here, who),
            cadence=cadence,
            tried=tried,
            saved=saved is not None,
            reports_of=lambda **asked: f"{home}/reports?{urlencode(asked)}",
            **context,
        )
        return HTMLResponse(html, tried.status, headers=PAGE_HEADERS)

    def _beside(self, here: str, who: Who) -> list[tuple[str, str, str]]:
        """Return the pages of the same part: name, title and address."""
        names = BESIDE.get(here, {})
        whole = who.principal.sites is None
        return [
            (name, title, self.href(name)) for name, title in names.items() if whole or name not in FOR_WHOLE_GROUPS
        ]

    async def sent(self, act: Awaitable[Any], to: str, typed: Typed, again: Again) -> Response:
        """Carry an act out and lead on; where it is refused, show its page again with what was typed.

        Args:
            act: The act.
            to: Where it leads once it is done.
            typed: What was typed.
            again: Shows the page.
        """
        try:
            await act
        except (Invalid, Conflict, Forbidden) as refusal:
            return await again(refused(refusal, typed))
        return led(to)


def led(to: str) -> Response:
    """Lead on after an act; the page there says that it was saved."""
    address = f"{to}{'&' if '?' in to else '?'}{SAVED}=yes"
    return RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})


def refused(refusal: Refused, typed: Typed) -> Tried:
    """Say in the words of a form what is wrong.

    Args:
        refusal: What the use case said.
        typed: What was typed.
    """
    faults = tuple((fault.field or "form", sentence(fault.detail)) for fault in refusal.faults)
    if isinstance(refusal, Conflict) or not faults:
        faults = (("form", sentence(refusal.detail)), *(pair for pair in faults if pair[0] != "version"))
    return Tried(faults, typed.last, STATUS[type(refusal)])


def _bad(name: str, detail: str) -> Invalid:
    return Invalid("the form is not complete", (Fault(detail, name),))
