"""A secret's text does not leave a node, however it is spelled; what is no secret is left as it is."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from triggerflow_adapter_sdk.secrets import Redactor, Secret

TEXT = 'pä"ss/ wörd+1\\'


@pytest.mark.parametrize(
    "spelling", [TEXT, json.dumps(TEXT)[1:-1], quote(TEXT), quote(TEXT, safe=""), repr(TEXT)[1:-1]]
)
def test_every_common_spelling_is_replaced(spelling: str) -> None:
    redactor = Redactor([Secret("TOKEN", TEXT, "Bearer ")])
    assert redactor.text(f"<{spelling}>") == "<[secret TOKEN]>"


def test_a_value_is_redacted_in_depth_keys_too() -> None:
    redactor = Redactor([Secret("A", "canary"), Secret("B", "canary-longer")])
    value = {"canary": ["x canary-longer y", 5, None, {"k": ("canary",)}]}
    assert redactor.value(value) == {"[secret A]": ["x [secret B] y", 5, None, {"k": ("[secret A]",)}]}


def test_an_empty_secret_replaces_nothing() -> None:
    assert Redactor([Secret("A", "")]).text("abc") == "abc"


def test_a_secret_is_text_that_does_not_show_itself() -> None:
    secret = Secret("TOKEN", "canary", "Bearer ")
    assert secret == "Bearer canary"
    assert "canary" not in repr({"headers": secret})
