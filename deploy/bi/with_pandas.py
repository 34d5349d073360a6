"""A local copy kept up to date by change token, with pandas over the HTTPS export."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import pandas as pd

KEY = ["provider_id", "report_id"]
Get = Callable[[Mapping[str, str]], tuple[bytes, str]]
"""Asks for `/v1/export/fact_report` with parameters; gives the body and the answer's Change-Token."""


def whole_copy(get: Get) -> tuple[pd.DataFrame, str]:
    """Take the whole table.

    Args:
        get: Asks for the export.

    Returns:
        The reports by key, and the token to ask with next time.
    """
    body, token = get({"format": "parquet"})
    return pd.read_parquet(io.BytesIO(body)).set_index(KEY).drop(columns="deleted"), token


def brought_up_to_date(copy: pd.DataFrame, token: str, get: Get) -> tuple[pd.DataFrame, str]:
    """Take what changed since: a row replaces the one with its key, a deleted one goes.

    Args:
        copy: What is there.
        token: The token that came with it.
        get: Asks for the export.

    Returns:
        The reports as they are now, and the next token.
    """
    body, next_token = get({"format": "parquet", "since": token})
    changed = pd.read_parquet(io.BytesIO(body)).drop_duplicates(KEY, keep="last").set_index(KEY)
    kept = copy.drop(index=copy.index.intersection(changed.index))
    fresh = changed[~changed["deleted"]].drop(columns="deleted")
    return (pd.concat([kept, fresh]) if len(fresh) else kept), next_token
