"""Grades the worst credible outcome by the words of the text and the usual outcome of the domain."""

from collections.abc import Sequence

from services.classifier.domain.reading import Reading
from shared.taxonomy.model import Taxonomy


def grade(reading: Reading, taxonomy: Taxonomy, domains: Sequence[str]) -> str:
    """Grade the potential severity.

    The gravest level that the words name holds; without any it is the primary domain's usual one. A single missed or
    late dose is graded one step lower than the drug.

    Args:
        reading: The text's reading.
        taxonomy: The levels, mildest first, and the domains.
        domains: The report's domains, the primary first.

    Returns:
        The name of a level.
    """
    levels = list(taxonomy.severities)
    named = [index for index, name in enumerate(levels) if reading.hits.get(f"severity:{name}")]
    if not domains:
        return levels[0]
    level = max(named) if named else levels.index(taxonomy.domains[domains[0]].usual_severity)
    late = reading.hits.get("cue:dose_missed_or_late") and not reading.hits.get("cue:dose_wrong_or_extra")
    if named and domains[0] == "medication" and late and level:
        level -= 1
    return levels[level]
