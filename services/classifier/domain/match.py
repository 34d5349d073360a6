"""Lays all patterns of the taxonomy over a text in one pass; what a hit means is decided elsewhere."""

from collections.abc import Iterable

from shared.taxonomy.model import Taxonomy, WeightedPattern
from shared.taxonomy.pattern_index import PatternIndex, Patterns


class Matcher(PatternIndex):
    """The patterns of a taxonomy, by `domain:<name>`, `factor:<name>`, `severity:<name>`, `rule:<id>` and `cue:<name>`.

    Patterns of how it was caught and of disruptions are not laid: they tell the model nothing that its words do not.

    Args:
        taxonomy: The words and rules.
        exact: Patterns of others, to be found in the same pass; see `PatternIndex`.
    """

    def __init__(self, taxonomy: Taxonomy, exact: Patterns = ()) -> None:
        super().__init__(_all_patterns(taxonomy), exact, correct_slips=True)


def _all_patterns(taxonomy: Taxonomy) -> Iterable[tuple[str, WeightedPattern]]:
    for family, terms in (
        ("domain", taxonomy.domains),
        ("factor", taxonomy.factors),
        ("severity", taxonomy.severities),
    ):
        for name, term in terms.items():
            yield from ((f"{family}:{name}", pattern) for pattern in term.patterns)
    for rule in taxonomy.escalation_rules:
        yield from ((f"rule:{rule.id}", pattern) for pattern in rule.patterns)
    for name, patterns in taxonomy.cues.items():
        yield from ((f"cue:{name}", pattern) for pattern in patterns)
