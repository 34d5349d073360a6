"""The review set: what people decided, joined with the words that they decided on."""

from __future__ import annotations

from typing import Any

from services.classifier.ports import CorrectionStore, ReportLog
from shared.taxonomy.precedence import Fact, effective, merge


async def review_set(store: CorrectionStore, log: ReportLog, provider_id: str | None) -> list[dict[str, Any]]:
    """Return one gold line for each corrected report that the log still holds.

    The words come from the log alone, so that what the log no longer holds leaves the set by itself; a withdrawn report
    is left out. The labels are those that a person decided, and no others.

    Args:
        store: The corrections.
        log: The reports.
        provider_id: Only this tenant's; None takes all.

    Returns:
        Lines with `id`, `text`, `setting` and the labels decided, in order of id.

    Raises:
        Unavailable: an engine does not answer.
    """
    decided = {key: said async for key, said in store.every_report(provider_id)}
    words: dict[tuple[str, str, str], tuple[int, str, str]] = {}
    async for chunk in log.reports(None, provider_id):
        for told in chunk.reports:
            key = (told.provider_id, told.site_id, told.report_id)
            if key in decided and told.revision >= words.get(key, (0, "", ""))[0]:
                words[key] = (told.revision, told.text, told.setting)
        for key in chunk.withdrawn:
            decided.pop(key, None)
    return [
        {"id": key[2], "text": words[key][1], "setting": words[key][2], **_labels(decisions)}
        for key, decisions in sorted(decided.items())
        if key in words
    ]


def _labels(decisions: list[dict[str, Any]]) -> dict[str, Any]:
    state: dict[str, Any] | None = None
    for said in decisions:
        state = merge(state, Fact("human", said["report_revision"], said["decision_no"], said["fields"]))
    return effective(state) if state else {}
