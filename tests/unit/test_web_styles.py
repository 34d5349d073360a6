"""The component system's styles as these pages use them, the macros in them, and the one navigation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.local.styles import TARGET
from shared.kernel.principal import Role
from shared.web.govuk import LEFT_OUT, adapt
from shared.web.navigation import ENTRIES_MAX, navigation
from shared.web.pages import Asset, Pages

MACROS = TARGET.parents[1] / "templates" / "parts.html"


def rendered(tmp_path: Path, template: str) -> str:
    (tmp_path / "t.html").write_text('{% import "parts.html" as parts %}' + template)
    return Pages(tmp_path).render("t.html")


def test_neither_font_nor_crest_nor_branding_is_left() -> None:
    """The font may only be used on GOV.UK, the crest is not ours, and nothing is fetched."""
    css = adapt(TARGET.read_text())
    assert re.findall(r"GDS|@font-face|crest|url\(", css) == []
    assert [name for name in LEFT_OUT if f".{name}" in css] == []


def test_the_themes_decide_the_colours() -> None:
    """Colours written out are those of tags, which carry ground and text together, and what prints black."""
    css = adapt(TARGET.read_text())
    screen = re.sub(r"@media print\{(?:[^{}]*\{[^{}]*\})*\}", "", css)
    rules = re.findall(r"([^{}]+)\{([^{}]*#[0-9a-f]{3,8}\b[^{}]*)\}", screen)
    assert [selector for selector, _ in rules if "govuk-tag" not in selector and "--inverse" not in selector] == []


def test_every_colour_by_purpose_is_defined() -> None:
    """A name that no theme gives a colour would leave text without one."""
    css = Asset.stylesheet().content.decode()
    own = {name for name in re.findall(r"var\(--([\w-]+)\)", css) if not name.startswith("govuk-")}
    assert own - set(re.findall(r"--([\w-]+): #", css)) == set()


def test_every_class_of_the_macros_has_styles() -> None:
    """Markup with a class that the component system does not know would be plain text in a row."""
    css = Asset.stylesheet().content.decode()
    used = set(re.findall(r"govuk-[a-z]+(?:-[a-z]+)*(?:__[a-z-]+)?", MACROS.read_text()))
    plain = {"govuk-radios__hint", "govuk-checkboxes__hint", "govuk-task-list__item--with-link", "govuk-frontend"}
    assert {name for name in used if f".{name}" not in css and name not in plain and not name.endswith("-")} == set()


def test_a_faulty_field_is_named_at_the_top_and_at_the_field(tmp_path: Path) -> None:
    """Who uses a screen reader hears what is wrong, and the link leads to the field."""
    html = rendered(
        tmp_path,
        '{{ parts.error_summary([("due", "Enter a date")]) }}'
        '{{ parts.text_input("due", "Due", hint="Like 3 Nov 2025", error="Enter a date") }}',
    )
    assert '<a href="#due">Enter a date</a>' in html
    assert 'aria-describedby="due-hint due-error"' in html
    assert '<span class="hidden">Error: </span>Enter a date' in html


def test_choices_have_a_legend_and_the_chosen_one_is_checked(tmp_path: Path) -> None:
    """Radios are one group with a name; the link of an error summary leads to the first."""
    html = rendered(tmp_path, '{{ parts.radios("why", "Why?", [("a", "First"), ("b", "Second", "More")], "b") }}')
    assert '<legend class="govuk-fieldset__legend">Why?</legend>' in html
    assert re.findall(r'id="([^"]+)" name="why" type="radio" value="b" checked aria-describedby="([^"]+)"', html) == [
        ("why-2", "why-2-more")
    ]
    assert 'id="why" name="why"' in html


def test_what_the_macros_print_is_escaped(tmp_path: Path) -> None:
    """A title from outside cannot become markup in any of them."""
    html = rendered(
        tmp_path,
        "{% set bad = '<script>' %}{{ parts.tag(bad) }}{{ parts.empty(bad, bad) }}"
        '{{ parts.task_list([{"title": bad, "href": bad, "hint": bad, "status": bad}]) }}'
        '{{ parts.summary_list([(bad, bad)]) }}{{ parts.textarea("x", bad, bad, bad, bad) }}{{ parts.button(bad) }}'
        '{{ parts.select("x", bad, [(bad, bad)]) }}{{ parts.quiet(bad, bad) }}{{ parts.too_few(bad, bad) }}',
    )
    assert "<script>" not in html
    assert html.count("&lt;script&gt;") > 15


def test_zero_leads_nowhere(tmp_path: Path) -> None:
    """A number is a link to what is behind it; behind nothing is nothing."""
    html = rendered(tmp_path, '{{ parts.figure(0, "/x") }} {{ parts.figure(1200, "/x") }}')
    assert html.split(" ", 1) == ["0", '<a href="/x">1,200</a>']


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.COMMISSIONER, Role.FEED)])
def test_no_reader_has_more_than_seven_entries(role: Role) -> None:
    """The navigation stays readable on a phone; the way to everything else is its last entry."""
    entries = navigation({role}, "rowan care", None)
    assert 4 <= len(entries) <= ENTRIES_MAX
    assert entries[-1].href == "/providers/rowan%20care/more"
    assert len({entry.href for entry in entries}) == len(entries)


def test_a_commissioner_is_led_to_packs_alone_and_a_feed_nowhere() -> None:
    """An entry that is not for its reader would be a door that is locked."""
    assert [entry.href for entry in navigation({Role.COMMISSIONER}, "p")] == ["/providers/p/packs"]
    assert navigation({Role.FEED}, "p") == []


def test_whoever_has_one_site_begins_there() -> None:
    """The manager of one home opens the page of that home; who has several opens all of them."""
    one, two = navigation({Role.MANAGER}, "p", {"elm"}), navigation({Role.MANAGER}, "p", {"elm", "oak"})
    assert (one[0].title, one[0].href) == ("My site", "/providers/p/sites/elm")
    assert (two[0].title, two[0].href) == ("My sites", "/providers/p")
