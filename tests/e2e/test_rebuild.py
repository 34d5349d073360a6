"""Views are disposable: thrown away and read again from offset zero, they say the same."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from deploy.demo import load as demo
from tests.support.system import System, until

pytestmark = pytest.mark.e2e


def test_a_rebuild_from_offset_zero_gives_the_same_views(system: System):
    """Compared as canonical JSON without processing times."""
    operator = system.client()
    total = operator.get(f"/v1/providers/{demo.PROVIDER}/totals")["totals"]["reports"]
    before = _reporting(system, "dump")
    system.engines.supervisor.stop(["reporting"])
    _reporting(system, "rebuild", "--yes")
    system.engines.supervisor.start(system._service("reporting", system.engines.ports.port("reporting")))
    system.wait_all_ready()
    until(
        lambda: _total(operator) == total,
        within_s=60,
        what="all reports again",
    )
    until(lambda: _reporting(system, "dump") == before, within_s=30, what="the same views again")


def _total(client) -> int | None:
    """The number of reports; None while the provider is not known again."""
    answer = client.http.get(f"/v1/providers/{demo.PROVIDER}/totals")
    return answer.json()["totals"]["reports"] if answer.is_success else None


def _reporting(system: System, *command: str) -> str:
    environment = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": system.engines.kafka_bootstrap,
        "MONGODB_URI": system.engines.mongodb_uri,
    }
    run = subprocess.run(
        [sys.executable, "-m", "services.reporting", *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout
