# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of security groups: as users and modules write them, as EC2 shows them, and how the two differ. Pure.

What we made is known by its description. What others made, as the AWS Load Balancer Controller does on the security
group of nodes, is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

Item = dict[str, Any]

RULE_OPTIONS = {
    "proto": ("tcp", "udp", "icmp", "icmpv6", "all"),
    "ports": [str],
    "cidr_ip": [str],
    "cidr_ipv6": [str],
    "group_id": [str],
    "ip_prefix": [str],
    "rule_desc": str,
}
MARK = "flotilla.eks"
SELF = "self"
"""Stands for the id of the security group that a rule is of."""
_SOURCES = ("cidr_ip", "cidr_ipv6", "group_id", "ip_prefix")
_PORTLESS = ("all", "icmp", "icmpv6")
_NUMBERS = {"-1": "all", "1": "icmp", "58": "icmpv6"}


class RuleError(ValueError):
    """A rule that cannot be. The text names the option, what was found and what to do."""


@dataclass(frozen=True)
class Rule:
    """Lets one source in. ``kind`` is the option that names the source. Two rules that differ in nothing but their
    descriptions are the same to EC2."""

    proto: str
    first: int | None
    last: int | None
    kind: str
    source: str
    text: str = field(default="", compare=False)

    @property
    def ours(self) -> bool:
        return self.text.startswith(MARK)

    def of(self, group_id: str) -> Rule:
        """The rule of a security group that exists by now."""
        return Rule(self.proto, self.first, self.last, self.kind, group_id, self.text) if self.source == SELF else self


def rule(proto: str, ports: tuple[int, int] | None, kind: str, source: str, text: str) -> Rule:
    first, last = ports or (None, None)
    return Rule(proto, first, last, kind, source, f"{MARK}: {text}")


def rules_of(given: Sequence[Mapping[str, Any]]) -> list[Rule]:
    """The rules that a user wrote, one for each source and each range of ports. Raises RuleError."""
    found: dict[Rule, None] = {}
    for number, one in enumerate(given):
        found.update(dict.fromkeys(_expanded(f"security_group_rules[{number}]", one)))
    return list(found)


def _expanded(where: str, given: Mapping[str, Any]) -> Iterator[Rule]:
    proto = given.get("proto") or "tcp"
    sources = [(kind, str(one)) for kind in _SOURCES for one in given.get(kind) or ()]
    if not sources:
        raise RuleError(f"{where}: it lets nobody in; give {', '.join(_SOURCES[:-1])} or {_SOURCES[-1]}")
    ports = given.get("ports")
    if proto in _PORTLESS and ports:
        raise RuleError(f"{where}.ports: {proto} has none; leave them out")
    if proto not in _PORTLESS and not ports:
        raise RuleError(f"{where}.ports: there are none; give some, such as [443, 8000-8100]")
    for kind, source in sources:
        reaches: list[tuple[int, int] | None] = [_ports(where, one) for one in ports or ()]
        for reach in reaches or [None]:
            yield rule(proto, reach, kind, _source(where, kind, source), given.get("rule_desc") or "as wished")


def _ports(where: str, given: Any) -> tuple[int, int]:
    first, _dash, last = str(given).partition("-")
    if not first.isdecimal() or not (last or first).isdecimal() or not int(first) <= int(last or first) <= 65535:
        raise RuleError(f"{where}.ports: {given!r} is neither a port nor a range such as 8000-8100")
    return int(first), int(last or first)


def _source(where: str, kind: str, source: str) -> str:
    if not kind.startswith("cidr"):
        return source
    try:
        return str(ip_network(source))
    except ValueError as error:
        raise RuleError(f"{where}.{kind}: {error}; give a network such as 10.0.0.0/8") from None


def observed_rules(permissions: Iterable[Mapping[str, Any]] | None) -> list[Rule]:
    """The rules of ``ip_permissions`` as ``amazon.aws.ec2_security_group_info`` returns them."""
    return [rule for permission in permissions or () for rule in _flat(permission)]


_OBSERVED = {
    "cidr_ip": ("ip_ranges", "cidr_ip"),
    "cidr_ipv6": ("ipv6_ranges", "cidr_ipv6"),
    "group_id": ("user_id_group_pairs", "group_id"),
    "ip_prefix": ("prefix_list_ids", "prefix_list_id"),
}


def _flat(permission: Mapping[str, Any]) -> Iterator[Rule]:
    proto = _NUMBERS.get(str(permission["ip_protocol"]), str(permission["ip_protocol"]))
    reach = (permission.get("from_port"), permission.get("to_port"))
    first, last = (None, None) if proto in _PORTLESS and reach in ((None, None), (-1, -1)) else reach
    for kind, (member, key) in _OBSERVED.items():
        for one in permission.get(member) or ():
            yield Rule(proto, first, last, kind, str(one.get(key)), str(one.get("description") or ""))


def as_options(rules: Iterable[Rule]) -> list[Item]:
    """Rules as ``amazon.aws.ec2_security_group`` takes them."""
    return [_as_option(rule) for rule in rules]


def _as_option(rule: Rule) -> Item:
    ports: Item = {"from_port": rule.first, "to_port": rule.last}
    if rule.first is None:
        ports = {} if rule.proto == "all" else {"from_port": -1, "to_port": -1}
    return {"proto": rule.proto, **ports, rule.kind: rule.source, **({"rule_desc": rule.text} if rule.text else {})}


@dataclass(frozen=True)
class Difference:
    """What a security group lacks, and what of ours it should not have any more."""

    missing: tuple[Rule, ...] = ()
    surplus: tuple[Rule, ...] = ()
    kept: tuple[Rule, ...] = ()

    @property
    def changes(self) -> list[str]:
        return [f"let in {told(one)}" for one in self.missing] + [
            f"no longer let in {told(one)}" for one in self.surplus
        ]

    @property
    def options(self) -> Item:
        """What to tell the module. Only where something has to go is it told all that stays."""
        if self.surplus:
            return {"rules": as_options([*self.kept, *self.missing]), "purge_rules": True}
        return {"rules": as_options(self.missing), "purge_rules": False}


def difference(wanted: Iterable[Rule], found: Iterable[Rule], ours: Iterable[str] | None = None) -> Difference:
    """What is to be done. Of our rules those go that are not wanted; with ``ours``, only those of these sources."""
    asked, there = dict.fromkeys(wanted), dict.fromkeys(found)
    sources = None if ours is None else set(ours)
    surplus = [one for one in there if one.ours and one not in asked and (sources is None or one.source in sources)]
    return Difference(
        tuple(one for one in asked if one not in there),
        tuple(surplus),
        tuple(one for one in there if one not in surplus),
    )


def told(rule: Rule) -> str:
    """A rule for people: ``tcp 443 from 10.0.0.0/8``."""
    reach = "" if rule.first is None else f" {rule.first}" if rule.first == rule.last else f" {rule.first}-{rule.last}"
    return f"{rule.proto}{reach} from {'itself' if rule.source == SELF else rule.source}"
