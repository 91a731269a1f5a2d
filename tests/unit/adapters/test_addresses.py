"""The guard's table: what is not on the public internet is refused in every form it may be written in."""

from __future__ import annotations

import ipaddress

import pytest
from triggerflow_adapter_sdk.http.addresses import refusal

REFUSED = {
    "loopback": ["127.0.0.1", "127.255.0.9", "::1"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fd00:ec2::254"],
    "link-local and metadata": ["169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0"],
    "carrier-grade": ["100.64.0.1", "100.100.100.200", "100.127.255.255"],
    "unspecified and this network": ["0.0.0.0", "0.1.2.3", "::"],
    "multicast": ["224.0.0.1", "239.255.255.250", "ff02::1"],
    "reserved and broadcast": ["240.0.0.1", "255.255.255.255"],
    "special": [
        "192.0.0.192",
        "192.88.99.1",
        "198.18.0.1",
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "168.63.129.16",
    ],
    "special in IPv6": ["2001:db8::1", "100::1", "fec0::1", "5f00::1", "3fff::1", "64:ff9b:1::1"],
    "mapped": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:7f00:1"],
    "compatible": ["::127.0.0.1", "::10.0.0.1"],
    "translated": ["::ffff:0:127.0.0.1", "::ffff:0:a9fe:a9fe"],
    "NAT64": ["64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe"],
    "6to4": ["2002:7f00:1::1", "2002:a9fe:a9fe::", "2002:c0a8:101::1"],
    "Teredo": ["2001:0:4136:e378:8000:63bf:3fff:fdd2"],
}
ALLOWED = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.215.14",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]


@pytest.mark.parametrize("text", [text for texts in REFUSED.values() for text in texts])
def test_an_address_that_is_not_public_is_refused(text: str) -> None:
    assert refusal(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", ALLOWED)
def test_a_public_address_may_be_reached(text: str) -> None:
    assert refusal(ipaddress.ip_address(text)) is None
