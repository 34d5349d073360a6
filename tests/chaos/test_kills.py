"""kill -9 of every service and engine in turn, under load: what was accepted is in the views, once."""

from __future__ import annotations

import pytest

from tests.support.storm import storm, strike
from tests.support.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.chaos]
VICTIMS = ("intake", "classifier", "actions", "reporting", "kafka", "mongo", "front")


def test_kill_9_of_every_part_under_load_loses_and_doubles_nothing(system: System):
    """After seven kills the views' total is the number of reports that were answered 202."""
    with storm(system, at_least=200):
        strike(system, VICTIMS)
