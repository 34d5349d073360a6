"""Views are disposable: thrown away and read again from offset zero, they say the same."""

from __future__ import annotations

import pytest

from deploy.demo import load as demo
from tests.support.system import System, until

pytestmark = pytest.mark.e2e


def test_a_rebuild_from_offset_zero_gives_the_same_views(system: System):
    """Built beside the live views while the service runs, compared as canonical JSON without processing times."""
    operator = system.client()
    address = f"/v1/providers/{demo.PROVIDER}/totals"
    total = operator.get(address)["totals"]["reports"]
    before = system.run_command("reporting", "dump")
    system.run_command("reporting", "rebuild", "--yes")
    until(lambda: operator.get(address)["totals"]["reports"] == total, within_s=60, what="all reports in the new views")
    until(lambda: system.run_command("reporting", "dump") == before, within_s=30, what="the same views again")
    system.run_command("reporting", "verify")
