"""The OpenAPI document with a call of each operation in curl and Python, made from the examples in it."""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI

SAMPLES = "x-codeSamples"
_METHODS = ("get", "post", "put", "patch", "delete")


def with_samples(app: FastAPI) -> FastAPI:
    """Let an app's document show how each operation is called.

    Args:
        app: The app; its document is made at the first question.
    """
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        document = plain()
        for path, operations in document.get("paths", {}).items():
            for method in _METHODS:
                if method in operations and SAMPLES not in operations[method]:
                    operations[method][SAMPLES] = _samples(document, method, path, operations[method])
        return document

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way to extend the document
    return app


def _samples(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> list[dict[str, str]]:
    root = document.get("servers", [{"url": ""}])[0]["url"].rstrip("/")
    needed = [
        f"{one['name']}={one.get('example', one.get('schema', {}).get('enum', ['...'])[0])}"
        for one in operation.get("parameters", ())
        if one["in"] == "query" and one.get("required")
    ]
    address = f"$FRONT{root}{path}" + (f"?{'&'.join(needed)}" if needed else "")
    media_type, example = _body(document, operation)
    curl = [f'curl -X {method.upper()} "{address}"', '-H "Authorization: Bearer $KEY"']
    python = [
        "import os, httpx",
        'front, key = os.environ["FRONT"], os.environ["KEY"]',
        "answer = httpx.request(",
        f'    "{method.upper()}", f"{{front}}{address.removeprefix("$FRONT")}",',
        '    headers={"Authorization": f"Bearer {key}"'
        + (f', "Content-Type": "{media_type}"' if media_type else "")
        + "},",
    ]
    if media_type:
        text = example if isinstance(example, str) else json.dumps(example)
        quoted = text.replace("'", "'\\''")
        curl += [f'-H "Content-Type: {media_type}"', f"--data-binary '{quoted}'"]
        python.append(f"    content={text!r}.encode(),")
    python += [")", "answer.raise_for_status()", "print(answer.json() if answer.content else answer.status_code)"]
    return [
        {"lang": "Shell", "label": "curl", "source": " \\\n  ".join(curl)},
        {"lang": "Python", "label": "Python (httpx)", "source": "\n".join(python)},
    ]


def _body(document: dict[str, Any], operation: dict[str, Any]) -> tuple[str, Any]:
    """Return the media type and example of an operation's body; nothing where it takes none or needs none."""
    for media_type, said in operation.get("requestBody", {}).get("content", {}).items():
        if "example" in said:
            return media_type, said["example"]
        if said.get("examples"):
            return media_type, next(iter(said["examples"].values()))["value"]
        name = said.get("schema", {}).get("$ref", "").rpartition("/")[2]
        schema = document.get("components", {}).get("schemas", {}).get(name, {})
        if "example" in schema:
            return media_type, schema["example"]
    return "", None
