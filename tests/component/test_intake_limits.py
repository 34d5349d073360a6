"""How often a key may call, and what the OpenAPI document promises about every operation."""

from __future__ import annotations

from collections.abc import AsyncIterator

import jsonschema
import pytest

from tests.support.intake import Intake, running

pytestmark = pytest.mark.engines
METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture
async def intake(mongodb_uri: str, database_prefix: str) -> AsyncIterator[Intake]:
    async with running(mongodb_uri, database_prefix, calls_per_minute=5) as one:
        yield one


async def test_a_key_that_calls_too_often_is_told_when_to_come_again(intake: Intake) -> None:
    """Each answer says what is left; beyond it comes a 429 with Retry-After, and other keys are not touched."""
    await intake.register()
    busy, calm = await intake.key("feed"), await intake.key("feed")

    answers = [await intake.call("GET", "/v1/registry/sites", busy) for _ in range(7)]
    other = await intake.call("GET", "/v1/registry/sites", calm)

    assert [one.status_code for one in answers] == [200] * 5 + [429] * 2
    assert answers[0].headers["ratelimit-policy"] == '"calls";q=5;w=60'
    assert [one.headers["ratelimit"].partition(";t=")[0] for one in answers[:6]] == [
        f'"calls";r={left}' for left in (4, 3, 2, 1, 0, 0)
    ]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert "5 calls a minute" in answers[-1].json()["detail"]
    assert other.status_code == 200


async def test_a_flood_without_a_valid_key_counts_for_nobody(intake: Intake) -> None:
    """Whoever invents keys gets 401 and takes nothing from those who have one."""
    await intake.register()
    key = await intake.key("feed")

    refused = [await intake.call("GET", "/v1/registry/sites", f"nmk_x{n}.y") for n in range(20)]

    assert {one.status_code for one in refused} == {401}
    assert (await intake.call("GET", "/v1/registry/sites", key)).headers["ratelimit"].startswith('"calls";r=4')


def operations(document):
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods and path.startswith("/v1/"):
                yield method, path, methods[method]


async def test_every_operation_says_its_errors_and_how_it_is_called(intake: Intake) -> None:
    """Summary, every error as problem+json, an example of each body, a call in curl and one in Python that compiles."""
    document = intake.app.openapi()

    found = list(operations(document))
    assert len(found) > 20
    for method, path, said in found:
        assert said.get("summary"), path
        assert {"401", "403", "422", "429", "503"} <= set(said["responses"]), (method, path)
        for status, answer in said["responses"].items():
            if status >= "400":
                assert list(answer["content"]) == ["application/problem+json"], (path, status)
        curl, python = said["x-codeSamples"]
        compile(python["source"], path, "exec")
        if "requestBody" in said:
            assert "--data-binary" in curl["source"] or not said["requestBody"].get("required"), (method, path)


async def test_the_examples_of_bodies_are_valid(intake: Intake) -> None:
    """An example that the document shows fits the schema that it shows."""
    document = intake.app.openapi()
    schemas = {name: one for name, one in document["components"]["schemas"].items() if "example" in one}

    assert {"ReportSubmission", "AmendmentBody", "KeyBody"} <= set(schemas)
    for schema in schemas.values():
        jsonschema.validate(schema["example"], {**schema, "components": document["components"]})
