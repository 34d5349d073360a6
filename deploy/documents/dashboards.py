"""From deploy/grafana/dashboards.yaml, where each chart says what it asks, to the JSON that Grafana reads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SOURCE_FILE = Path(__file__).resolve().parents[1] / "grafana" / "dashboards.yaml"
WIDTH = 12
HEIGHT = 8
COLUMNS = 24
SOURCE = {"type": "prometheus", "uid": "nearmiss-prometheus"}


@dataclass(frozen=True)
class Panel:
    """One chart.

    Attributes:
        title: The question, in a reader's words.
        query: PromQL.
        legend: How a line is named.
        unit: Grafana's word for the unit.
        quiet: Whether no data at all is the good answer: it shows trouble alone.
    """

    title: str
    query: str
    legend: str
    unit: str = "short"
    quiet: bool = False


@dataclass(frozen=True)
class Dashboard:
    """One page of charts.

    Attributes:
        uid: Part of its address and of its file's name.
        title: Its name.
        panels: Its charts, in reading order.
    """

    uid: str
    title: str
    panels: tuple[Panel, ...]


def load_dashboards() -> tuple[Dashboard, ...]:
    """Read deploy/grafana/dashboards.yaml."""
    found = yaml.safe_load(SOURCE_FILE.read_text())
    return tuple(Dashboard(one["uid"], one["title"], tuple(Panel(**panel) for panel in one["panels"])) for one in found)


def written(dashboard: Dashboard) -> str:
    """Return the JSON that Grafana provisions.

    Args:
        dashboard: What it asks.
    """
    body = {
        "uid": f"nearmiss-{dashboard.uid}",
        "title": dashboard.title,
        "tags": ["nearmiss"],
        "timezone": "Europe/London",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "panels": [_panel(number, panel) for number, panel in enumerate(dashboard.panels)],
    }
    return json.dumps(body, indent=2) + "\n"


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": SOURCE,
        "gridPos": {
            "h": HEIGHT, "w": WIDTH, "x": number * WIDTH % COLUMNS, "y": number * WIDTH // COLUMNS * HEIGHT,
        },
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [{"refId": "A", "datasource": SOURCE, "expr": panel.query, "legendFormat": panel.legend}],
    }  # fmt: skip
