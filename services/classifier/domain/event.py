"""Tells events from praise, routine notes, questions, requests, grievances, test entries and cosmetic repairs."""

from typing import Final

from services.classifier.domain.reading import Reading

_KINDS: Final = ("praise", "routine", "question", "request", "grievance", "test_entry", "cosmetic")
# How much of a problem a text may tell and still be such an entry; three is one plain sign.
_BEARABLE: Final = {
    "praise": 3.0,
    "routine": 1.0,
    "question": 3.0,
    "request": 3.0,
    "grievance": 6.0,
    "test_entry": 3.0,
    "cosmetic": 4.0,
}


def kind_of_no_event(reading: Reading) -> str | None:
    """Tell what kind of entry a text is when it is no event.

    Args:
        reading: The text's reading.

    Returns:
        The name of the cue that says so, or None for an event. Signs that something went wrong, unless they stand
        within the cue itself ("no concerns"), outweigh the cue.
    """
    scores = {kind: reading.score(f"cue:{kind}") for kind in _KINDS}
    best = max(scores, key=lambda kind: scores[kind])
    if not scores[best]:
        return None
    cues = [hit for kind in _KINDS for hit in reading.hits.get(f"cue:{kind}", ())]
    signs = [
        hit
        for hit in reading.hits.get("cue:problem", ())
        if not any(cue.first <= hit.first <= cue.last for cue in cues)
    ]
    problem = sum(hit.weight for hit in signs)
    return best if problem <= min(_BEARABLE[best], sum(scores.values())) else None
