"""Which addresses the guard refuses: everything that is not on the public internet, in whatever form it is written."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Beyond what `is_global` knows: answers meant for machines inside a cloud, or no unicast at all.
_REFUSED_V4 = tuple(
    ipaddress.ip_network(text)
    for text in ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "240.0.0.0/4")
)
_REFUSED_V6 = tuple(
    ipaddress.ip_network(text)
    for text in ("64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fec0::/10")
)
# IPv6 networks that carry an IPv4 address, and how far from the right end it stands.
_CARRIERS = tuple(
    (ipaddress.IPv6Network(text), shift)
    for text, shift in (
        ("::ffff:0:0/96", 0),  # mapped
        ("::ffff:0:0:0/96", 0),  # translated
        ("::/96", 0),  # compatible
        ("64:ff9b::/96", 0),  # NAT64
        ("2002::/16", 80),  # 6to4
    )
)


def refusal(address: Address) -> str | None:
    """What kind of address it is that the guard refuses, or None where it may be reached."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return "link-local"
        for network, shift in _CARRIERS:
            # :: and ::1 lie in the compatible range and carry nothing.
            if address in network and int(address) > 1:
                inner = ipaddress.IPv4Address(int(address) >> shift & 0xFFFF_FFFF)
                kind = refusal(inner)
                return None if kind is None else f"{kind} ({inner} inside IPv6)"
    if address.is_loopback:
        return "loopback"
    if address.is_unspecified:
        return "unspecified"
    if address.is_link_local:
        return "link-local"
    if address.is_multicast:
        return "multicast"
    if address.is_private:
        return "private"
    refused = _REFUSED_V4 if isinstance(address, ipaddress.IPv4Address) else _REFUSED_V6
    if address.is_reserved or not address.is_global or any(address in network for network in refused):
        return "reserved"
    return None
