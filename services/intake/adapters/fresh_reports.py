"""New reports by the hundred: their documents and events written as bytes, which the usual way writes one by one.

A row of an import costs what is done for it in Python. What many reports of a batch have in common is encoded once, and
the rest of each goes through the encoders in C. Tests hold that document and event are the very ones that the usual way
makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

import bson
import orjson

from services.intake.adapters.aggregates import Fresh
from services.intake.adapters.events import flat
from services.intake.domain.acts import Act
from services.intake.domain.report import Draft
from services.intake.domain.submission import ExternalReference
from services.intake.ports import NewReport
from shared.contracts import intake as wire
from shared.contracts.envelope import partition_key
from shared.contracts.topics import REPORTS
from shared.kernel.ids import event_id
from shared.runtime.kafka import partition_of
from shared.runtime.packs import Pack

KIND: Final = wire.ReportReceived.__name__
FEWEST: Final = 2
"""One report alone is written the usual way."""
_COMMON: Final = (
    "provider_id",
    "site_id",
    "revision",
    "setting",
    "occurred_precision",
    "occurred_band",
    "origin",
    "worry",
    "reporter_role",
    "identity_mode",
    "anonymity_reason",
    "outside_first",
    "visibility",
    "redaction_version",
    "language",
)
"""What takes few values, so that many reports have all of it in common."""
_OWN: Final = ("report_id", "occurred_at", "reported_at", "received_at", "text", "external_reference")
_SELDOM: Final = (
    "place",
    "what_stopped_it",
    "person_token",
    "reporter_token",
    "asset_ref",
    "disruption",
    "given_labels",
)
"""What most reports have none of; those that have none of it at all have this in common, too."""
_NOTHING: Final = (None,) * len(_SELDOM)
_OWN_AND_SELDOM: Final = (*_OWN[:-1], *_SELDOM[:-1], _OWN[-1], _SELDOM[-1])
"""In the order of the contract."""
_IDS: Final = ("event_id", "report_id")
_BY_ITSELF: Final = ("event_id", "recorded_at", "effective_at", "replay")
_NULL: Final = b"null"


class _Common(NamedTuple):
    """What reports have in common: BSON elements of their documents, the event with holes, where their records go."""

    elements: bytes
    event: bytes
    key: bytes
    partition: int


def fresh_reports(collection: str, new: Sequence[NewReport]) -> Fresh:
    """Encode new reports with their events.

    Args:
        collection: Where reports are kept.
        new: The reports, each named once.
    """
    documents, packs = [], []
    pack: Pack | None = None
    last: Act | None = None
    end = b""
    for one in new:
        draft, sealed, body_hash, act, waiting, effective_at, replay, trace = one
        submission, times, report_id = draft.submission, draft.times, draft.report_id
        if act is not last:
            last, end = act, _elements({"acts": [flat(act)], "withdrawn": None})
        seldom = _seldom(draft)
        common = _common_of(draft, waiting, seldom is None)
        reference = _told(submission.external_reference)
        text = str.__str__(draft.words[0])  # the encoders take plain text faster than a subclass of it
        own = {
            "_id": report_id,
            "occurred_at": times.occurred_at,
            "reported_at": times.reported_at,
            "received_at": draft.received_at,
            "text": text,
            "external_reference": reference,
            "sealed": sealed,
            "body_hashes": (body_hash,),
        }
        if seldom is not None:
            own |= seldom
        documents.append(_elements(own) + common.elements + end)
        if pack is None or not pack.takes(act.at, trace):
            pack = Pack(REPORTS, KIND, act.at, "intake", trace, f"{collection}:{report_id}")
            packs.append(pack)
        named, subject = event_id(KIND, report_id, 1).encode(), report_id.encode()
        value = common.event % (
            named,
            _moment(act.at),
            _NULL if effective_at is None else _moment(effective_at),
            b"true" if replay else b"false",
            subject,
            _moment(times.occurred_at),
            _moment(times.reported_at),
            _moment(draft.received_at),
            orjson.dumps(text),
            *((_json(reference),) if seldom is None else map(_json, _in_order(seldom, reference))),
        )
        pack.add(named, subject, common.key + subject, common.partition, value)
    return Fresh(collection, documents, packs)


def _seldom(draft: Draft) -> dict[str, Any] | None:
    """Return what most reports have none of; None of one that has none of it at all."""
    submission, (_, place, stopped) = draft.submission, draft.words
    values = (
        place,
        stopped,
        draft.person_token,
        draft.reporter_token,
        submission.asset_ref,
        submission.disruption,
        submission.given_labels,
    )
    if values == _NOTHING:
        return None
    seldom: dict[str, Any] = dict(zip(_SELDOM, values, strict=True))
    for name in ("place", "what_stopped_it"):
        seldom[name] = None if seldom[name] is None else str.__str__(seldom[name])
    for name in ("disruption", "given_labels"):
        seldom[name] = _flat(seldom[name])
    return seldom


def _in_order(seldom: dict[str, Any], reference: dict[str, Any] | None) -> tuple[Any, ...]:
    """Return the values of an event's last holes."""
    *before, labels = seldom.values()
    return *before, reference, labels


def _common_of(draft: Draft, waiting: bool, plain: bool) -> _Common:
    submission, times = draft.submission, draft.times
    values = (
        draft.provider_id,
        submission.site_id,
        1,
        draft.setting,
        times.occurred_precision,
        times.occurred_band,
        submission.origin,
        submission.worry,
        submission.reporter_role,
        submission.identity_mode,
        submission.anonymity_reason,
        submission.outside_first,
        draft.visibility,
        draft.redaction_version,
        submission.language,
    )
    return _in_common(waiting, plain, values)


@lru_cache(maxsize=4_096)
def _in_common(waiting: bool, plain: bool, values: tuple[Any, ...]) -> _Common:
    """Encode what reports have in common; in the event each hole is a %b, in the order in which they are filled.

    Raises:
        TypeError: the contract has its fields in another order.
    """
    common = dict(zip(_COMMON, values, strict=True))
    told = {name: field.default for name, field in wire.Report.model_fields.items()}
    told |= {name: common[name] for name in told.keys() & common.keys()}
    wanted = (*_BY_ITSELF, *(_OWN if plain else _OWN_AND_SELDOM))
    told |= {name: f"<{name}>" for name in wanted if name in told}
    body = {name: field.default for name, field in wire.ReportReceived.model_fields.items()}
    body |= {"provider_id": common["provider_id"], "site_id": common["site_id"], "report": told}
    body |= {name: f"<{name}>" for name in _BY_ITSELF}
    event = orjson.dumps(body).replace(b"%", b"%%")
    holes = sorted(((event.index(f'"<{name}>"'.encode()), name) for name in wanted), reverse=True)
    if tuple(name for _, name in reversed(holes)) != wanted:
        raise TypeError("the contract has its fields in another order than the report's holes are filled in")
    for at, name in holes:
        hole = b'"%b"' if name in _IDS else b"%b"
        event = event[:at] + hole + event[at + len(name) + 4 :]
    provider, site = common["provider_id"], common["site_id"]
    partition = partition_of(partition_key(provider, site), REPORTS.partitions)
    kept = common | {"waiting": waiting} | (dict.fromkeys(_SELDOM) if plain else {})
    return _Common(_elements(kept), event, f"{provider}:{site}:".encode(), partition)


def _json(value: Any) -> bytes:
    return _NULL if value is None else orjson.dumps(value, option=orjson.OPT_UTC_Z)


@lru_cache(maxsize=1_024)
def _moment(moment: datetime) -> bytes:
    return orjson.dumps(moment, option=orjson.OPT_UTC_Z)


def _elements(document: dict[str, Any]) -> bytes:
    """Return a document's BSON without its length and its end."""
    return bson.encode(document)[4:-1]


def _told(reference: ExternalReference | None) -> dict[str, Any] | None:
    return None if reference is None else {"system": reference.system, "id": reference.id, "link": reference.link}


def _flat(value: Any) -> dict[str, Any] | None:
    return None if value is None else flat(value)
