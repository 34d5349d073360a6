"""A pack as a PDF and as a Word document, both made from the canonical body that its hash is of."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from docx import Document
from docx.shared import Mm
from fpdf import FPDF

from services.reporting.domain.pack_words import LEGEND, figure_words, head_lines, remedy_words, since_lines

PLAIN = {
    "\u2013": "-",
    "\u2014": "-",
    "\u2018": "'",
    "\u2019": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u2026": "...",
    "\u0142": "l",
    "\u0141": "L",
}
"""Typographic signs, and the letter that has no plain one inside it."""
FOOT_MM = 20
PICTURE_MM = 120
HEAD_MM = 30
REMEDY_MM = 38
"""A heading is not parted from what stands below it, nor a remedy from its picture; the room that they take."""
DRAWN_MM = 55
"""The room that a section's picture takes."""
ALL = "all"
"""The place of the picture of all headings; others are the number of a section, and that and of its remedy."""
Pictures = Mapping[str, tuple[bytes, str]]
"""PNG and what it shows in words, by place."""


def pdf(body: Mapping[str, Any], content_hash: str, pictures: Pictures) -> bytes:
    """Write a pack as a PDF of A4 pages, its hash on each.

    Args:
        body: The pack.
        content_hash: Of its canonical form.
        pictures: By place.
    """
    page = _Paper(content_hash, pictures)
    page.set_title(_latin(body["title"]))
    page.set_lang("en-GB")
    page.add_page()
    page.words(body["title"], size=18, bold=True)
    for line in head_lines(body):
        page.words(line)
    page.words(body["commentary"])
    page.picture(ALL)
    if pictures:
        page.words(LEGEND, size=8)
    for number, section in enumerate(body["sections"]):
        page.together(HEAD_MM + 5 * len(section["codes"]) + DRAWN_MM * (str(number) in pictures))
        page.words(section["heading"], size=13, bold=True)
        page.words(section["claim"], bold=True)
        for code in section["codes"]:
            page.words(code, size=9)
        page.picture(str(number))
        page.figures(("Figure", "Value", "Counted from"), [figure_words(f) for f in section["figures"]])
        for place, remedy in enumerate(section["remedies"]):
            page.together(REMEDY_MM)
            page.words(f"- {remedy_words(remedy)}")
            page.picture(f"{number}-{place}")
        for line in section["unknown"]:
            page.words(f"- {line}")
    page.together(HEAD_MM)
    page.words("Since the pack before", size=13, bold=True)
    for line in since_lines(body):
        page.words(line)
    return bytes(page.output())


class _Paper(FPDF):
    def __init__(self, content_hash: str, pictures: Pictures) -> None:
        super().__init__(format="A4")
        self._hash = content_hash
        self._pictures = pictures
        self.set_auto_page_break(True, FOOT_MM)
        self.set_font("helvetica", size=10)

    def footer(self) -> None:
        """Put the hash and the number of the page at its foot."""
        self.set_y(-FOOT_MM + 5)
        self.set_font("helvetica", size=7)
        self.cell(0, 5, f"SHA-256 {self._hash}   page {self.page_no()}")

    def together(self, height_mm: float) -> None:
        """Begin a new page where what follows would be parted."""
        if self.will_page_break(height_mm):
            self.add_page()

    def words(self, text: str, size: int = 10, bold: bool = False) -> None:
        """Write a paragraph."""
        self.set_font("helvetica", style="B" if bold else "", size=size)
        self.multi_cell(0, size * 0.5, _latin(text), new_x="LMARGIN", new_y="NEXT")
        self.ln(1.5)

    def picture(self, place: str) -> None:
        """Draw the picture of a place, where it has one."""
        if place in self._pictures:
            png, words = self._pictures[place]
            self.image(io.BytesIO(png), w=PICTURE_MM, alt_text=_latin(words))
            self.ln(2)

    def figures(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write a table of three columns, with its head on every page."""
        self.set_font("helvetica", size=9)
        with self.table(col_widths=(55, 15, 30), text_align=("LEFT", "RIGHT", "LEFT")) as made:
            for line in (head, *rows):
                row = made.row()
                for cell in line:
                    row.cell(_latin(cell))
        self.ln(2)


def _latin(text: str) -> str:
    """Write what the built-in fonts lack with the nearest plain letter."""
    plain = "".join(PLAIN.get(letter, letter) for letter in text)
    try:
        plain.encode("latin-1")
    except UnicodeEncodeError:
        plain = unicodedata.normalize("NFKD", plain).encode("latin-1", "ignore").decode("latin-1")
    return plain


def word(body: Mapping[str, Any], content_hash: str, pictures: Pictures) -> bytes:
    """Write a pack as a Word document with real headings and tables.

    Args:
        body: The pack.
        content_hash: Of its canonical form.
        pictures: By place.
    """
    document = Document()
    document.core_properties.title = body["title"]
    document.core_properties.author = body["signed_by"]
    document.core_properties.comments = f"SHA-256 {content_hash}"
    document.add_heading(body["title"], 0)
    for line in (*head_lines(body), body["commentary"]):
        document.add_paragraph(line)
    _picture(document, pictures, ALL)
    if pictures:
        document.add_paragraph(LEGEND)
    for number, section in enumerate(body["sections"]):
        _section(document, number, section, pictures)
    document.add_heading("Since the pack before", 1)
    for line in (*since_lines(body), f"SHA-256 of the data: {content_hash}"):
        document.add_paragraph(line)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _section(document: Any, number: int, section: Mapping[str, Any], pictures: Pictures) -> None:
    document.add_heading(section["heading"], 1)
    claim = document.add_paragraph(section["claim"])
    claim.runs[0].bold = True
    for line in (claim, *(document.add_paragraph(code) for code in section["codes"])):
        line.paragraph_format.keep_with_next = True
    _picture(document, pictures, str(number))
    _table(document, ("Figure", "Value", "Counted from"), [figure_words(f) for f in section["figures"]])
    for place, remedy in enumerate(section["remedies"]):
        document.add_paragraph(remedy_words(remedy), style="List Bullet")
        _picture(document, pictures, f"{number}-{place}")
    for line in section["unknown"]:
        document.add_paragraph(line, style="List Bullet")


def _picture(document: Any, pictures: Pictures, place: str) -> None:
    """Put a picture of a place into a document, with its words for those who do not see it."""
    if place in pictures:
        png, words = pictures[place]
        drawn = document.add_picture(io.BytesIO(png), width=Mm(PICTURE_MM))
        drawn._inline.docPr.set("descr", words)


def _table(document: Any, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = document.add_table(rows=1, cols=len(head), style="Table Grid")
    for cell, words in zip(table.rows[0].cells, head, strict=True):
        cell.text = words
        cell.paragraphs[0].runs[0].bold = True
    for row in rows:
        for cell, words in zip(table.add_row().cells, row, strict=True):
            cell.text = words
