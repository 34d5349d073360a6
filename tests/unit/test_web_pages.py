"""Words for dates and numbers, the stylesheet, the layout."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from shared.web import words
from shared.web.pages import CONTENT_SECURITY_POLICY, Asset, Link, Pages


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def themes() -> list[dict[str, str]]:
    """The colours of the light and the dark theme."""
    css = Asset.stylesheet().content.decode()
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in re.findall(r":root \{([^}]+)\}", css)][
        :2
    ]


@pytest.mark.parametrize("theme", themes(), ids=["light", "dark"])
def test_text_and_marks_stand_out(theme: dict[str, str]) -> None:
    """Text has a contrast of 4.5 or more on every ground that it stands on, marks and focus 3 or more."""
    grounds = [theme[name] for name in ("paper", "raised", "notice", "warn")]
    text = {f"{ink} on {ground}": contrast(theme[ink], ground) for ink in ("ink", "link") for ground in grounds}
    text |= {f"quiet on {ground}": contrast(theme["ink-quiet"], ground) for ground in grounds[:2]}
    marks = {name: contrast(theme[name], theme["paper"]) for name in ("part-1", "part-2", "focus")}
    marks["parts apart"] = contrast(theme["part-1"], theme["part-2"])
    assert {name: ratio for name, ratio in text.items() if ratio < 4.5} == {}
    assert {name: ratio for name, ratio in marks.items() if ratio < 3} == {}


def test_the_stylesheet_loads_nothing_from_elsewhere() -> None:
    """No import, font or picture is fetched."""
    assert re.findall(rb"@import|url\(|http|@font-face", Asset.stylesheet().content) == []


def test_the_policy_allows_no_script() -> None:
    """Nothing is allowed by default, and neither scripts nor inline styles are added."""
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'; style-src 'self'")
    assert "script" not in CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2025, 11, 3), "Mon 3 Nov 2025"),
        ("2026-02-28", "Sat 28 Feb 2026"),
        (datetime(2026, 6, 14, 23, 30, tzinfo=UTC), "Mon 15 Jun 2026"),
    ],
)
def test_days_are_written_with_weekday_and_year(day: date | str, said: str) -> None:
    """A day reads as people say it, in the time of England."""
    assert said == words.day_words(day)


def test_moments_are_in_the_time_of_england() -> None:
    """Half past ten at night in summer, world time, is half past eleven here."""
    assert words.moment_words(datetime(2026, 6, 14, 22, 30, tzinfo=UTC)) == "Sun 14 Jun 2026, 23:30"


@pytest.mark.parametrize(("number", "said"), [(0, "0 near misses"), (1, "1 near miss"), (2300, "2,300 near misses")])
def test_nouns_follow_their_number(number: int, said: str) -> None:
    """One takes the singular, all others the plural."""
    assert said == words.count_words(number, "near miss", "near misses")


@pytest.mark.parametrize(
    ("value", "said"), [(3.14, "3.1"), (3.0, "3"), (1234.0, "1,234"), (0.96, "1"), (1234.56, "1,234.6")]
)
def test_figures_have_at_most_one_decimal(value: float, said: str) -> None:
    """A figure is as exact as it is useful."""
    assert said == words.figure(value)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("registered_manager", "Registered manager"),
        ("NEAR_MISS", "Near miss"),
        ("in-progress", "In progress"),
        ("", ""),
    ],
)
def test_code_words_read_as_words(word: str, said: str) -> None:
    """A word of a code list that has no title is still readable."""
    assert said == words.sentence_case(word)


def test_a_page_escapes_what_it_is_given(tmp_path: Path) -> None:
    """Whatever a template prints is text, never markup."""
    (tmp_path / "t.html").write_text('{% extends "layout.html" %}{% block content %}<p>{{ text }}</p>{% endblock %}')
    html = Pages(tmp_path).render("t.html", [Link("<b>", "/x")], "/x", text="<script>alert(1)</script>")
    assert "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>" in html
    assert "<script" not in html
    assert "<b>" not in html


def test_the_layout_has_landmarks_a_skip_link_and_one_place_for_here(tmp_path: Path) -> None:
    """Keyboard and screen reader find the way; the entry of the page itself is marked."""
    (tmp_path / "t.html").write_text('{% extends "layout.html" %}')
    html = Pages(tmp_path).render("t.html", [Link("One", "/1"), Link("Two", "/2")], "/2")
    for piece in (
        '<html lang="en-GB">',
        'href="#main"',
        '<main id="main"',
        "<header",
        "<footer",
        '<nav aria-label="Main">',
    ):
        assert piece in html
    assert re.findall(r'<a [^>]*aria-current="page">', html) == ['<a href="/2" aria-current="page">']


def test_a_name_that_is_missing_is_an_error(tmp_path: Path) -> None:
    """A template never prints nothing in place of what was forgotten."""
    (tmp_path / "t.html").write_text("{{ forgotten }}")
    with pytest.raises(UndefinedError):
        Pages(tmp_path).render("t.html")
