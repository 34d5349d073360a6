"""What deploy/bi tells a warehouse and a workbook agrees with what is really sent."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import NoneType
from typing import Any, get_args

import deploy.bi
from services.reporting.domain.exports import TABLES
from shared.contracts.reporting import SiteDomainWeek
from shared.contracts.topics import VIEWS

FOLDER = Path(deploy.bi.__file__).parent
CONNECT_TYPES = {"integer": "int64", "number": "double", "boolean": "boolean", "string": "string"}


def connect_schema() -> dict[str, Any]:
    """The schema of a row in Kafka Connect's own form; moments and days travel as text."""
    described = SiteDomainWeek.model_json_schema(mode="serialization")["properties"]
    fields = []
    for name, field in SiteDomainWeek.model_fields.items():
        said = described[name]
        word = next(one for one in said.get("anyOf", [said]) if one["type"] != "null")["type"]
        optional = NoneType in get_args(field.annotation)
        fields.append({"field": name, "type": CONNECT_TYPES[word], "optional": optional})
    return {"type": "struct", "optional": False, "fields": fields}


def sink() -> dict[str, str]:
    return json.loads((FOLDER / "views_sink.json").read_text())["config"]


def test_the_sink_knows_every_field_of_a_row():
    """A relational sink needs a schema, and our messages carry none: the connector's own is that of the contract."""
    assert json.loads(sink()["value.converter.schema.content"]) == connect_schema()
    assert sink()["value.converter.schemas.enable"] == "true"
    assert sink()["topics"] == VIEWS.name


def test_the_sink_writes_columns_that_a_row_has():
    """The row id is the key; each column named is a field of the contract."""
    columns = set(sink()["fields.whitelist"].split(","))
    assert {sink()["pk.fields"], *columns} <= set(SiteDomainWeek.model_fields)


def test_the_workbook_types_columns_that_the_export_has():
    """Every column that the query gives a type is a column of fact_report."""
    query = (FOLDER / "near_misses.pq").read_text()
    typed = set(re.findall(r'\{"(\w+)", ', query))
    assert typed
    assert typed <= {column.name for column in TABLES["fact_report"].columns}
