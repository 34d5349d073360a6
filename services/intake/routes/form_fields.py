"""Reads what a form page sends: bounded in size, each field by name, a photo beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.types import Message

from services.intake.routes.wire import ReportSubmission
from shared.kernel.errors import Fault, Invalid, TooLarge
from shared.runtime.http import faults_of

BODY_MAX_BYTES: Final = 16_000_000
"""A photo of a good phone with the words beside it."""
FIELD_MAX_BYTES: Final = 200_000
FORM_TEXT_MAX_CHARS: Final = 4000
FIELDS: Final = ("text", "place", "what_stopped_it", "occurred_band", "worry", "reporter_role")
"""Fields of the form that go into the report as they are; empty ones count as not said."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came with a form.

    Attributes:
        fields: Values by name; of one that came twice the first.
        photo: The file that came along; empty where none did.
    """

    fields: Mapping[str, str]
    photo: bytes

    def __getitem__(self, name: str) -> str:
        """Return a field without white space around it; empty where it did not come."""
        return self.fields.get(name, "").strip()


async def read_form(request: Request) -> Sent:
    """Read a form's body within its bounds.

    Raises:
        TooLarge: the body is over 16 MB.
        Invalid: it is no form.
    """
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > BODY_MAX_BYTES:
            raise TooLarge(f"the form is over {BODY_MAX_BYTES // 1_000_000} MB; send a smaller photo, or none")
        return message

    try:
        form = await Request(request.scope, bounded).form(max_files=1, max_fields=60, max_part_size=FIELD_MAX_BYTES)
    except HTTPException as error:
        raise Invalid(f"this is no form that can be read: {error.detail}") from None
    fields: dict[str, str] = {}
    photo = b""
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            photo = await value.read() if name == "photo" else photo
        else:
            fields.setdefault(name, value)
    await form.close()
    return Sent(fields, photo)


def submission_of(sent: Sent, site_id: str, asset_ref: str | None, language: str) -> ReportSubmission:
    """Turn the form's fields into a report as any other sender would send it.

    Raises:
        Invalid: fields are not as they must be; names them.
    """
    said: dict[str, Any] = {name: sent[name] for name in FIELDS if sent[name]}
    if len(said.get("text", "")) > FORM_TEXT_MAX_CHARS:
        fault = Fault(f"has {len(said['text'])} characters: at most {FORM_TEXT_MAX_CHARS} are taken", "text")
        raise Invalid("nothing was sent; see errors", (fault,))
    said |= {"site_id": site_id, "text": said.get("text", ""), "language": language}
    said["outside_first"] = bool(sent["outside_first"])
    if asset_ref:
        said["asset_ref"] = asset_ref
    if sent["person"]:
        said["person"] = {"name": sent["person"]}
    if sent["reporter_name"]:
        said["identity_mode"] = "named" if sent["name_for"] == "named" else "confidential"
        said["reporter"] = {"name": sent["reporter_name"]}
    try:
        return ReportSubmission.model_validate(said)
    except ValidationError as error:
        raise Invalid("nothing was sent; see errors", tuple(faults_of(error.errors()))) from None
