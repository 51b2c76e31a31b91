# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why instances are no Ready nodes: all checks, in the order in which causes go before their consequences. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ansible_collections.flotilla.eks.plugins.module_utils._join import access, boot, console, machine, network, routes
from ansible_collections.flotilla.eks.plugins.module_utils._join.evidence import (
    SEVERITIES,
    Answer,
    Case,
    Evidence,
    Finding,
    Unread,
)
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.wanted import enumerated


@dataclass(frozen=True)
class Check:
    """A question to an instance. ``needs`` names what of the evidence, or of the case, has to be known to answer it."""

    id: str
    look: Callable[[Case, Evidence], Iterable[Answer]]
    needs: tuple[str, ...] = ()


CHECKS = (
    Check("instance_state", machine.instance_state, ("statuses",)),
    Check("node_conditions", machine.node_conditions),
    Check("instance_profile", access.instance_profile, ("profiles",)),
    Check("metadata", machine.metadata),
    Check("image", boot.image, ("images",)),
    Check("user_data_form", boot.user_data_form, ("user_data",)),
    Check("user_data_cluster", boot.user_data_cluster, ("user_data",)),
    Check("user_data_ca", boot.user_data_ca, ("user_data",)),
    Check("user_data_service_cidr", boot.user_data_service_cidr, ("user_data",)),
    Check("version_skew", boot.version_skew, ("images",)),
    Check("role_policies", access.role_policies, ("profiles", "roles")),
    Check("access_entry", access.access_entry, ("profiles", "access_entries")),
    Check("security_groups", network.security_groups, ("security_groups", "subnets")),
    Check("network_acls", network.network_acls, ("network_acls", "subnets")),
    Check("dns", routes.dns, ("vpc_dns",)),
    Check("route", routes.route, ("route_tables", "nat_gateways")),
    Check("endpoint_access", routes.endpoint_access, ("route_tables", "nat_gateways")),
    Check("service_endpoints", routes.service_endpoints, ("route_tables", "nat_gateways", "vpc_endpoints")),
    Check("free_addresses", machine.free_addresses, ("subnets",)),
    Check("max_pods", boot.max_pods, ("user_data", "instance_types", "cni")),
    Check("tags", machine.tags),
    Check("console", console.console, ("console",)),
)
_ORDER = {check.id: number for number, check in enumerate(CHECKS)}


@dataclass(frozen=True)
class Examination:
    """What came out: the findings, the likely root cause first; the checks that found nothing; what could not be told.

    A check may have found something, and not have been able to tell something else.
    """

    findings: tuple[Finding, ...]
    passed: tuple[str, ...]
    unchecked: tuple[Unread, ...]


def examine(case: Case, evidence: Evidence) -> Examination:
    """All checks of one instance."""
    answers = [replace(answer, check=check.id) for check in CHECKS for answer in _asked(check, case, evidence)]
    findings = [answer for answer in answers if isinstance(answer, Finding)]
    touched = {answer.check for answer in answers}
    return Examination(
        tuple(ordered(findings, _supported(case))),
        tuple(check.id for check in CHECKS if check.id not in touched),
        tuple(answer for answer in answers if isinstance(answer, Unread)),
    )


def _asked(check: Check, case: Case, evidence: Evidence) -> Iterable[Answer]:
    unread = {**evidence.unread, **case.unread}
    away = dict.fromkeys(unread[name] for name in check.needs if name in unread)
    return list(away) or check.look(case, evidence)


def _supported(case: Case) -> set[str]:
    """The checks whose findings the console speaks for."""
    return {check for sign, _line in console.signs(case.console or "") for check in sign.speaks_for}


def ordered(findings: Iterable[Finding], supported: Iterable[str] = ()) -> list[Finding]:
    """The likely root cause first: what blocks, before that what the console speaks for, causes before consequences."""
    backed = set(supported)
    return sorted(
        findings,
        key=lambda one: (SEVERITIES.index(one.severity), one.check not in backed, _ORDER.get(one.check, 0)),
    )


def summary(cluster: str, instances: Sequence[Values], groups: Sequence[Values], unchecked: Sequence[Values]) -> str:
    """What was found, as a text to print: each likely cause once, with whom it is of."""
    ill = [row for row in instances if row["status"] != "ready"]
    if not ill and not groups:
        return f"cluster {cluster}: every instance that should be a node is a Ready one"
    lines = [f"cluster {cluster}: {_counted(ill)}"]
    for group in groups:
        lines.append(f"group {group['group']} wants {group['desired']} and has {group['instances']}:")
        lines += _told(group["findings"])
    for findings, ids in _alike(ill):
        lines.append(f"{enumerated(ids)}:")
        lines += _told(findings) or ["  nothing that would keep it from joining was found"]
    if unchecked:
        lines.append(f"not looked at: {enumerated([one['reason'] for one in unchecked])}")
    return "\n".join(lines)


def _counted(ill: Sequence[Values]) -> str:
    words = {"not_joined": "not joined", "not_ready": "joined, but not Ready", "unknown": "perhaps not joined"}
    numbers = {status: sum(row["status"] == status for row in ill) for status in words}
    told = [f"{number} {words[status]}" for status, number in numbers.items() if number]
    return f"{', '.join(told)}" if told else "instances are missing"


def _alike(ill: Sequence[Values]) -> Iterator[tuple[list[Values], list[str]]]:
    """Instances that ail from the same, together."""
    together: dict[tuple[tuple[str, str], ...], list[Values]] = {}
    for row in ill:
        key = tuple((finding["check"], finding["problem"]) for finding in row["findings"])
        together.setdefault(key, []).append(row)
    for rows in together.values():
        yield rows[0]["findings"], [row["instance_id"] for row in rows]


def _told(findings: Sequence[Values]) -> list[str]:
    lines = []
    for number, finding in enumerate(findings, start=1):
        lines.append(f"  {number}. {finding['check']} ({finding['severity']}): {finding['problem']}")
        lines.append(f"     evidence: {finding['evidence']}")
        lines.append(f"     fix: {finding['fix']}")
    return lines
