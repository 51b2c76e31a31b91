# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One view of all nodes of a cluster: what Kubernetes, EC2, Auto Scaling, EKS and Systems Manager say, joined. Pure.

A node is told by the first source that knows; where two say different things, that is told too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.sources import (
    FACTS,
    KINDS,
    MANAGED,
    NOT_JOINED,
    NOT_READY,
    READY,
    SELF_MANAGED,
    Member,
    Sources,
    disagreements,
    first,
    instance_of,
    readiness,
    tags_of,
    witnesses,
)
from ansible_collections.flotilla.eks.plugins.module_utils._progress import duration
from ansible_collections.flotilla.eks.plugins.module_utils._shapes import snake

MINOR = re.compile(r"^v(\d+\.\d+)")
LEAVING = ("shutting-down", "terminated")
DIAGNOSED = (MANAGED, SELF_MANAGED)
DIAGNOSIS = "; flotilla.eks.join_diagnosis tells why"
UNWANTED = ("Warmed", "Terminating")  # an Auto Scaling group does not want these to be nodes


def join(sources: Sources) -> list[Values]:
    """Every node as module nodes_info returns it, by kind, group and name."""
    nodes = [_told(member, sources) for member in _members(sources)]
    return sorted(nodes, key=lambda node: (KINDS.index(node["kind"]), node["group"] or "", node["name"]))


def _members(sources: Sources) -> Iterator[Member]:
    """The Nodes with what is behind them; then the instances that are no Nodes, but should be."""
    instances = {instance["instance_id"]: instance for instance in sources.instances}
    managed = {instance["instance_id"]: instance for instance in sources.managed_instances}
    places = dict(_places(sources.scaling_groups))
    joined = set()
    for node in sources.nodes:
        key = instance_of(node) or ""
        joined.add(key)
        yield Member(node, instances.get(key, {}), places.get(key, {}), managed.get(key, {}))
    for key, instance in instances.items():
        member = Member({}, instance, places.get(key, {}), {})
        if key not in joined and _expected(member):
            yield member
    for key, instance in managed.items():
        if key not in joined:
            yield Member({}, {}, {}, instance)


def _expected(member: Member) -> bool:
    lifecycle = str(member.place.get("lifecycle_state"))
    return member.instance["state"]["name"] not in LEAVING and not lifecycle.startswith(UNWANTED)


def _places(groups: Sequence[Values]) -> Iterator[tuple[str, Values]]:
    for group in groups:
        about = {"scaling_group": group["auto_scaling_group_name"], "tags": tags_of(group)}
        for instance in group.get("instances") or []:
            yield instance["instance_id"], {**instance, **about}


def _told(member: Member, sources: Sources) -> Values:
    says = witnesses(member, sources)
    own = _of_node(member.node) if member.node else _of_candidate(member, sources)
    created = own["created"]
    return {
        **own,
        "kind": member.kind,
        "ready": own["status"] == READY,
        "instance_id": member.id,
        "age": _age(created, sources.now) if created else None,
        "addresses": {**_addresses_of_instance(member), **own["addresses"]},
        **{fact: first(says, fact) for fact in FACTS},
        "sources": says,
        "disagreements": list(disagreements(says)),
    }


def _of_node(node: Values) -> Values:
    """What a Node says of itself."""
    status, metadata, spec = node.get("status") or {}, node["metadata"], node.get("spec") or {}
    kubelet = (status.get("nodeInfo") or {}).get("kubeletVersion") or ""
    minor = MINOR.match(kubelet)
    state, reason = readiness(status.get("conditions") or [])
    return {
        "name": metadata["name"],
        "status": READY if state == "Ready" else NOT_READY,
        "reason": reason,
        "console_hint": None,
        "provider_id": spec.get("providerID"),
        "version": minor.group(1) if minor else None,
        "kubelet_version": kubelet or None,
        "created": metadata.get("creationTimestamp"),
        "labels": metadata.get("labels") or {},
        "taints": spec.get("taints") or [],
        "unschedulable": bool(spec.get("unschedulable")),
        "addresses": {snake(one["type"]): one["address"] for one in reversed(status.get("addresses") or [])},
    }


def _of_candidate(member: Member, sources: Sources) -> Values:
    """What can be said of an instance that has not become a Node."""
    created = member.instance.get("launch_time") or member.managed.get("registration_date")
    since = duration(_age(created, sources.now)) if created else "a while"
    if member.instance:
        seen = f"launched {since} ago, {member.instance['state']['name']}"
    else:
        seen = f"registered {since} ago, {member.managed.get('ping_status')}"
    return {
        "name": member.id,
        "status": NOT_JOINED,
        "reason": f"no Node has appeared for it ({seen})" + (DIAGNOSIS if member.kind in DIAGNOSED else ""),
        "console_hint": console_hint(member.id, sources.region, " --latest") if member.instance else None,
        "provider_id": None,
        "version": None,
        "kubelet_version": None,
        "created": created,
        "labels": {},
        "taints": [],
        "unschedulable": False,
        "addresses": {},
    }


def console_hint(instance: str | None, region: str, options: str = "") -> str:
    """The command that shows what an instance wrote to its console."""
    return f"aws ec2 get-console-output --region {region} --instance-id {instance}{options} --output text"


def _addresses_of_instance(member: Member) -> dict[str, str]:
    instance, managed = member.instance, member.managed
    found = {
        "internal_ip": instance.get("private_ip_address") or managed.get("ip_address"),
        "internal_dns": instance.get("private_dns_name"),
        "external_ip": instance.get("public_ip_address"),
        "external_dns": instance.get("public_dns_name"),
        "hostname": managed.get("computer_name"),
    }
    return {kind: address for kind, address in found.items() if address}


def _age(since: str, now: datetime) -> int:
    return max(0, int((now - datetime.fromisoformat(since)).total_seconds()))
