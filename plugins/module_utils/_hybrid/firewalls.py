# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How what tells of a host's addresses and firewalls is read. Pure, and runs on hosts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

LOOPBACK = "lo"
_ADDRESS = re.compile(r"^\d+:\s+(\S+)\s+inet\s+([0-9./]+)", re.MULTILINE)
_OPTION = re.compile(r"(!\s+)?--?([a-z-]+)((?:\s+(?!-|!)\S+)*)")
_ENDS = {"ACCEPT": True, "DROP": False, "REJECT": False}
_HARMLESS = {"A", "p", "m", "j", "comment", "reject-with"}
"""Options of rules that do not narrow what they are about, for a packet of TCP."""


def interfaces(told: str) -> dict[str, list[str]]:
    """Addresses with their networks, by interface, of what ``ip -o -4 addr show`` says."""
    found: dict[str, list[str]] = {}
    for name, address in _ADDRESS.findall(told):
        found.setdefault(name, []).append(address)
    return found


def interface_of(address: str, found: Mapping[str, Sequence[str]]) -> str:
    """The interface that has an address; empty if none has."""
    owners = [name for name, all_of_it in found.items() if address in [one.partition("/")[0] for one in all_of_it]]
    return owners[0] if owners else ""


def lets_in(rules: str, port: int) -> bool:
    """Whether a chain, as ``iptables -S`` lists it, accepts TCP to a port from somebody. What is led to another chain,
    or accepted on conditions, is taken for accepted: nobody is told of a fault that may be none."""
    policy = True
    for line in rules.splitlines():
        words = line.split()
        if words[:1] == ["-P"]:
            policy = _ENDS.get(words[-1], True)
        elif words[:1] == ["-A"]:
            verdict = _verdict(line, port)
            if verdict is not None:
                return verdict
    return policy


def _verdict(rule: str, port: int) -> bool | None:
    """What a rule decides; None if it is about other packets, or about some of these alone and refuses them."""
    options = {name: (bool(negated), value.strip()) for negated, name, value in _OPTION.findall(rule)}
    target = options.get("j", (False, ""))[1]
    protocol = options.get("p", (False, "tcp"))[1]
    if protocol not in ("tcp", "all") or options.get("i", (False, ""))[1] == LOOPBACK:
        return None
    ports = next((options[name] for name in ("dport", "dports") if name in options), None)
    if ports and _among(port, ports[1]) == ports[0]:
        return None
    states = next((options[name][1] for name in ("ctstate", "state") if name in options), "NEW")
    if "NEW" not in states:
        return None
    narrow = options.keys() - _HARMLESS - {"dport", "dports", "ctstate", "state"}
    if target not in _ENDS:
        return None if target in ("LOG", "NFLOG", "MARK", "") else True
    return None if narrow and not _ENDS[target] else _ENDS[target]


def is_open(wanted: str, ports: Iterable[str]) -> bool:
    """Whether a port such as 8472/udp is among those that a firewall lists, in which there may be ranges."""
    number, _slash, protocol = wanted.partition("/")
    return any(one.partition("/")[2] in ("", protocol) and _among(int(number), one.partition("/")[0]) for one in ports)


def _among(port: int, ports: str) -> bool:
    """Whether a port is among those that a rule or a firewall names: 80, 8000:9000, 8000-9000, or several."""
    for one in ports.split(","):
        first, _to, last = one.replace(":", "-").partition("-")
        if first.isdigit() and int(first) <= port <= int(last or first):
            return True
    return False
