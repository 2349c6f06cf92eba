"""The page of the fleet prints what it shows. It needs the fleet's packages, so the house leaves its blocks alone."""

from __future__ import annotations

import importlib.util
import sys

import pytest


@pytest.fixture
def pages(root):
    spec = importlib.util.spec_from_file_location("run_pages", root / "docs" / "run_pages.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault("run_pages", module)
    spec.loader.exec_module(module)
    return module


def test_the_page_prints_what_it_shows(pages, root):
    text = (root / "docs" / "how-to" / "price-a-fleet.md").read_text(encoding="utf-8").replace("```py\n", "```python\n")
    assert pages.rewritten(text) == text
