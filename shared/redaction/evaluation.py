"""Measures the redactor against marked texts: recall and precision by type, recall of names by origin, misses."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from shared.redaction.identifiers import Span
from shared.redaction.redact import redact

_CONTEXT: Final = 25


@dataclass(frozen=True, slots=True)
class Marked:
    """A text with what should be taken out of it.

    Attributes:
        id: Its name in the file.
        text: The text.
        spans: Start, end (exclusive) and type, in code points.
        origin: Of the names in it, where that is known.
    """

    id: str
    text: str
    spans: tuple[Span, ...]
    origin: str | None = None


@dataclass(slots=True)
class Tally:
    """Counts of one type or origin.

    Attributes:
        marked: Spans that should be found.
        found: Spans that were found.
        exact: Spans found with the same edges and type.
        touched: Marked spans that a found span of the same type overlaps.
        true: Found spans that overlap a marked span of the same type.
    """

    marked: int = 0
    found: int = 0
    exact: int = 0
    touched: int = 0
    true: int = 0

    def recall(self, exact: bool = True) -> float | None:
        """Say which share of the marked spans was found; None where there are none."""
        return (self.exact if exact else self.touched) / self.marked if self.marked else None

    def precision(self, exact: bool = True) -> float | None:
        """Say which share of the found spans was marked; None where none was found."""
        return (self.exact if exact else self.true) / self.found if self.found else None


@dataclass(slots=True)
class Evaluation:
    """What came of a comparison.

    Attributes:
        types: Type to its counts.
        origins: Origin to the counts of its names.
        misses: Lines that show what was not found, or not with these edges.
        false_alarms: Lines that show what was found where nothing is marked.
    """

    types: dict[str, Tally] = field(default_factory=dict)
    origins: dict[str, Tally] = field(default_factory=dict)
    misses: list[str] = field(default_factory=list)
    false_alarms: list[str] = field(default_factory=list)


def evaluate(texts: Iterable[Marked]) -> Evaluation:
    """Redact every text and compare.

    Args:
        texts: Marked texts.

    Returns:
        The counts and the lines that show misses and false alarms.
    """
    evaluation = Evaluation()
    for marked in texts:
        found = redact(marked.text).spans
        for span in marked.spans:
            tallies = [evaluation.types.setdefault(span[2], Tally())]
            if span[2] == "person_name" and marked.origin:
                tallies.append(evaluation.origins.setdefault(marked.origin, Tally()))
            for tally in tallies:
                tally.marked += 1
                tally.exact += span in found
                tally.touched += _touches(span, found)
            if span not in found:
                evaluation.misses.append(_shown(marked, span, found))
        for span, times in Counter(found).items():
            tally = evaluation.types.setdefault(span[2], Tally())
            tally.found += times
            tally.true += _touches(span, marked.spans)
            if not _touches(span, marked.spans):
                evaluation.false_alarms.append(_shown(marked, span, ()))
    return evaluation


def _touches(span: Span, others: Sequence[Span]) -> bool:
    return any(span[2] == kind and start < span[1] and end > span[0] for start, end, kind in others)


def _shown(marked: Marked, span: Span, found: Sequence[Span]) -> str:
    start, end, kind = span
    text = marked.text
    shown = f"{text[max(0, start - _CONTEXT) : start]}<{text[start:end]}>{text[end : end + _CONTEXT]}".replace(
        "\n", " "
    )
    instead = [f"{text[a:b]} ({other})" for a, b, other in found if a < end and b > start]
    return f"{marked.id} {kind}: {shown}" + (f"; found instead: {', '.join(instead)}" if instead else "")
