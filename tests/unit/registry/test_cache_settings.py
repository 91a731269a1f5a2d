"""Where the registry is told of Redis."""

from __future__ import annotations

import pytest
from triggerflow_chassis.settings import SettingsError
from triggerflow_registry.settings import read_settings


def test_no_redis_is_used_where_none_is_named() -> None:
    assert read_settings({}).registry.redis is None


def test_its_address_is_kept_from_logs() -> None:
    settings = read_settings({"REDIS_URL": "redis://:topsecret@127.0.0.1:6379/0"})
    assert settings.registry.redis is not None
    assert settings.registry.redis.reveal() == "redis://:topsecret@127.0.0.1:6379/0"
    assert "topsecret" not in repr(settings)


@pytest.mark.parametrize(
    "url", ["127.0.0.1:6379", "http://:topsecret@host/0", "redis:///0", "redis://host:99999/0", "redis://host/name"]
)
def test_what_cannot_be_used_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError, match="REDIS_URL") as refused:
        read_settings({"REDIS_URL": url})
    assert "topsecret" not in str(refused.value)
