"""Lines of pg_hba.conf: from where they let whom in, and which of them take what a later one is meant for.

Source: https://www.postgresql.org/docs/current/auth-pg-hba-conf.html.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from pgrefit.model.server import HbaRule

Network = IPv4Network | IPv6Network
OWN_MACHINE = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
EVERYWHERE = "all"
FEW_HOSTS = {4: 24, 6: 64}  # length of the prefix from which on a network is one office, not the world


def place(rule: HbaRule) -> str:
    """Where the line stands."""
    return f"{rule.file.rpartition('/')[2] or 'pg_hba.conf'} line {rule.line}"


def worded(rule: HbaRule) -> str:
    """The line as it is written."""
    network = network_of(rule)
    address = str(network) if network else rule.address
    parts = (rule.kind, ",".join(rule.databases), ",".join(rule.users), address, rule.method)
    return " ".join(part for part in parts if part)


def network_of(rule: HbaRule) -> Network | None:
    """The addresses that the line is for; None where it names them otherwise."""
    try:
        base = ip_address(rule.address)
        mask = ip_address(rule.netmask)
    except ValueError:
        return None
    length = int(mask).bit_count()
    return ip_network(f"{base}/{length}", strict=False)


def from_elsewhere(rule: HbaRule) -> bool:
    """Whether it lets in what does not run on the server's own machine."""
    network = network_of(rule)
    if rule.error or rule.kind == "local" or rule.address == "samehost":
        return False
    return network is None or not any(_within(network, own) for own in OWN_MACHINE)


def from_many_places(rule: HbaRule) -> bool:
    """Whether it lets in more than a small network."""
    network = network_of(rule)
    if network is None:
        return rule.address == EVERYWHERE
    return network.prefixlen < FEW_HOSTS[network.version]


def takes_all_of(one: HbaRule, other: HbaRule) -> bool:
    """Whether every connection that `other` is for meets `one` where that stands before it."""
    if one.error or other.error or (one.kind != other.kind and not (one.kind == "host" and other.kind != "local")):
        return False
    databases = _takes(one.databases, other.databases, lambda name: name != "replication")
    return databases and _takes(one.users, other.users, lambda _: True) and _takes_addresses(one, other)


def _takes(names: tuple[str, ...], others: tuple[str, ...], is_ordinary: Callable[[str], bool]) -> bool:
    return all(other in names or ("all" in names and is_ordinary(other)) for other in others)


def _takes_addresses(one: HbaRule, other: HbaRule) -> bool:
    if one.kind == "local" or one.address == EVERYWHERE:
        return True
    mine, theirs = network_of(one), network_of(other)
    if mine is None or theirs is None:
        return (one.address, one.netmask) == (other.address, other.netmask)
    return _within(theirs, mine)


def _within(network: Network, other: Network) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(other, IPv4Network) and network.subnet_of(other)
    return isinstance(other, IPv6Network) and network.subnet_of(other)
