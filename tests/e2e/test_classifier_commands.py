"""The classifier's commands beside the running system: a second reading of the log, and what people decided."""

from __future__ import annotations

import json

import pytest

from deploy.demo import load as demo
from tests.support.system import System, until

pytestmark = pytest.mark.e2e


def settled_dump(system: System) -> str:
    """The views, once nothing of them changes any more."""
    seen = [system.run_command("reporting", "dump")]

    def same() -> bool:
        seen.append(system.run_command("reporting", "dump"))
        return seen[-1] == seen[-2]

    until(same, 60, "the views to settle")
    return seen[-1]


def test_reading_the_log_again_with_the_same_model_changes_no_view(system):
    """The same report, revision and model give the same events; a dry run counts them first."""
    before = settled_dump(system)
    planned = system.run_command("classifier", "reclassify", "--dry-run", "--provider", demo.PROVIDER)
    done = system.run_command("classifier", "reclassify", "--provider", demo.PROVIDER, "--per-s-max", "0")

    assert int(planned.split()[0]) == int(done.split()[0]) >= 443
    assert settled_dump(system) == before


def test_a_correction_comes_back_as_a_gold_line_with_the_redacted_words(system):
    """What a person decided, joined with the words from the log; and the model can be measured by it."""
    governance = system.client(system.addresses()["api_key"])
    report = governance.get("/v1/reports", limit=1)["reports"][0]
    governance.send(
        f"/cl/v1/reports/{report['report_id']}/corrections",
        {
            "site_id": report["site_id"],
            "report_revision": report["revision"],
            "fields": {"domains": ["transport"], "primary_domain": "transport"},
            "reason": "The van was the matter.",
        },
    )

    def gold():
        lines = [json.loads(line) for line in system.run_command("classifier", "review-set").splitlines()]
        return next((line for line in lines if line["id"] == report["report_id"]), None)

    line = until(gold, 30, "the correction to be in the review set")
    figures = json.loads(system.run_command("classifier", "evaluate", "--gold", "corrections", "--json"))

    assert line["primary_domain"] == "transport"
    assert line["text"]
    assert "is_near_miss" not in line
    assert figures["primary_domain"]["accuracy"] is not None
