# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a cluster's own VPC is left to remove, and what of others stands in the way. Pure.

Only what carries the ownership tags is removed, and the network interfaces that the cluster's VPC CNI plugin left
behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.flotilla.eks.plugins.plugin_utils._network import attached_to
from ansible_collections.flotilla.eks.plugins.plugin_utils._ownership import (
    Resource,
    foreign,
    is_owned,
    owned,
    owner_text,
)

CNI_TAG = "cluster.k8s.amazonaws.com/name"  # on every interface that the VPC CNI plugin makes
GONE = ("deleting", "deleted")

# In the order of removal: what it is called, where its identifier stands.
KINDS = {
    "nat_gateways": ("NAT gateway", "nat_gateway_id"),
    "addresses": ("elastic address", "public_ip"),
    "network_interfaces": ("network interface", "network_interface_id"),
    "internet_gateways": ("internet gateway", "internet_gateway_id"),
    "route_tables": ("route table", "route_table_id"),
    "subnets": ("subnet", "subnet_id"),
    "security_groups": ("security group", "group_id"),
    "vpcs": ("VPC", "vpc_id"),
}


def plan_removal(observed: Mapping[str, Any], cluster: str, owner: Mapping[str, str]) -> dict[str, Any]:
    """What to remove; ``observed`` holds a list for each of KINDS, any of them absent.

    Returns ``blockers`` (a text for each thing that is not ours and keeps the VPC from being removed), ``changes`` (one
    line each), and what to remove under the names of KINDS.
    """
    present = {kind: [item for item in observed.get(kind) or [] if item.get("state") not in GONE] for kind in KINDS}
    ours = {kind: owned(items, owner) for kind, items in present.items()}
    ours["network_interfaces"] = [item for item in present["network_interfaces"] if _is_leftover(item, cluster, owner)]
    others = {kind: foreign(items, owner) for kind, items in present.items()}
    others["network_interfaces"] = list(_busy_interfaces(observed, ours))
    return {
        **ours,
        "blockers": list(_blockers(others, ours["vpcs"], owner)),
        "changes": [f"{label} {item[key]}: remove it" for kind, (label, key) in KINDS.items() for item in ours[kind]],
    }


def _is_leftover(interface: Resource, cluster: str, owner: Mapping[str, str]) -> bool:
    """Whether an interface is attached to nothing and the cluster's own."""
    made_by_cluster = interface["tags"].get(CNI_TAG) == cluster or is_owned(interface, owner)
    return interface["status"] == "available" and made_by_cluster


def _busy_interfaces(observed: Mapping[str, Any], ours: Mapping[str, list[Resource]]) -> Iterator[Resource]:
    """The interfaces that go neither by our hand nor with a NAT gateway."""
    leaving = {interface["network_interface_id"] for interface in ours["network_interfaces"]}
    for gateway in observed.get("nat_gateways") or []:
        leaving.update(address.get("network_interface_id") for address in gateway.get("nat_gateway_addresses") or [])
    for interface in observed.get("network_interfaces") or []:
        if interface["network_interface_id"] not in leaving:
            yield interface


def _blockers(others: Mapping[str, list[Resource]], vpcs: list[Resource], owner: Mapping[str, str]) -> Iterator[str]:
    for vpc in vpcs:
        for kind, (label, key) in KINDS.items():
            for item in others[kind]:
                if _blocks(kind, item, vpc["vpc_id"]):
                    where = f"{label} {item[key]}{_about(kind, item)} is in VPC {vpc['vpc_id']}"
                    yield f"{where}: {_advice(kind, item, owner)}"


def _blocks(kind: str, item: Resource, vpc_id: str) -> bool:
    """Whether the item keeps the VPC from going; its main route table and its default security group go with it."""
    if kind == "internet_gateways":
        return vpc_id in attached_to(item)
    if kind == "route_tables" and any(association.get("main") for association in item.get("associations") or []):
        return False
    if kind == "security_groups" and item["group_name"] == "default":
        return False
    return kind not in ("vpcs", "addresses") and item.get("vpc_id") == vpc_id


def _about(kind: str, item: Resource) -> str:
    name = (
        item.get("description") if kind == "network_interfaces" else item.get("group_name") or item["tags"].get("Name")
    )
    return f" ({name})" if name else ""


def _advice(kind: str, item: Resource, owner: Mapping[str, str]) -> str:
    if kind != "network_interfaces":
        return f"it does not carry the tag {owner_text(owner)}, so remove it yourself."
    description = item.get("description") or ""
    if description.startswith("Amazon EKS "):
        return "remove the cluster first."
    if description.startswith("ELB "):
        return "delete the Kubernetes Service or Ingress that made this load balancer, or the load balancer."
    if instance := (item.get("attachment") or {}).get("instance_id"):
        return f"terminate instance {instance}."
    return "remove what uses it."
