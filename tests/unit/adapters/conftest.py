"""A catalogue of the built-in adapters, as a host loads it."""

from __future__ import annotations

import pytest
from triggerflow_adapter_sdk import AdapterSettings, Catalogue


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.load(AdapterSettings(python_modules=("allowed", "json"), environ={}))
