"""What is generated for people and programs is as fresh as the code."""

from __future__ import annotations

import pytest

from deploy.documents.written import DOCUMENTS, PROJECT


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_generated_file_is_fresh(name):
    """Nobody reads a page that the code has left behind."""
    assert (PROJECT / name).read_text() == DOCUMENTS[name](), "run make docs"
