"""`make bench`: every benchmark with its floor in the same run; prints a table, asserts no time."""

from __future__ import annotations

import asyncio
import platform
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from deploy.local.engines import Engines
from shared.runtime.provision import provision_topics
from tests.benchmarks import (
    actions_detection,
    actions_service,
    classifier_model,
    classifier_service,
    intake_import,
    intake_single,
    redaction,
    reporting_export,
    reporting_growth,
    reporting_reads,
    reporting_rebuild,
    reporting_views,
)

BENCHMARKS = (
    redaction,
    intake_import,
    intake_single,
    classifier_model,
    classifier_service,
    actions_service,
    actions_detection,
    reporting_views,
    reporting_export,
    reporting_growth,
    reporting_reads,
    reporting_rebuild,
)


def main() -> None:
    """Start engines, run all, print ours, floor and ratio (above 1: ours is cheaper or quicker)."""
    table = Table("what", "unit", "ours", "floor", "ratio")
    with tempfile.TemporaryDirectory() as folder:
        engines = Engines(Path(folder))
        engines.start()
        try:
            asyncio.run(provision_topics(engines.kafka_bootstrap))
            for benchmark in BENCHMARKS:
                for row in benchmark.run(engines.kafka_bootstrap, engines.mongodb_uri):
                    figures = (f"{row['ours']:,.1f}", f"{row['floor']:,.1f}", f"{row['ratio']:.2f}")
                    table.add_row(row["what"], row["unit"], *figures)
        finally:
            engines.stop()
    console = Console(width=100)
    console.print(f"{platform.machine()}, Python {platform.python_version()}; medians of interleaved rounds")
    console.print(table)


if __name__ == "__main__":
    main()
