# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The security groups of self-managed nodes: what they and the cluster's lack. Pure.

By default nodes get the cluster's own security group, in which the control plane and all nodes reach each other, and
one of their group for further rules. Exactly one of them carries the tag of the cluster, else no load balancer finds
its way (https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/configurations/).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.flotilla.eks.plugins.plugin_utils._ownership import (
    is_owned,
    owner_text,
    tag_changes,
)
from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_groups import Group
from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_options import Item
from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_rules import (
    SELF,
    Rule,
    difference,
    observed_rules,
    rule,
    rules_of,
)

_DNS = (("tcp", (53, 53)), ("udp", (53, 53)))
_ANY_PORT = (1025, 65535)


def cluster_tag(cluster: str) -> str:
    return f"kubernetes.io/cluster/{cluster}"


class Security:
    """The security groups of a cluster's VPC, as ``amazon.aws.ec2_security_group_info`` returns them."""

    def __init__(self, description: Mapping[str, Any], observed: Sequence[Mapping[str, Any]]) -> None:
        network = description.get("resources_vpc_config") or {}
        self.vpc_id = str(network.get("vpc_id") or "")
        self.cluster_group_id = str(network.get("cluster_security_group_id") or "")
        self.observed = [one for one in observed if one.get("vpc_id") == self.vpc_id]

    def named(self, name: str) -> Mapping[str, Any]:
        return next((one for one in self.observed if one["group_name"] == name), {})

    def by_id(self, group_id: str) -> Mapping[str, Any]:
        return next((one for one in self.observed if one["group_id"] == group_id), {})

    def own_id(self, group: Group) -> str:
        """The id of a group's own security group; a placeholder as long as it is to be made."""
        return str(self.named(group.full_name).get("group_id") or f"sg-planned-{group.name}")

    def attached(self, group: Group) -> list[str]:
        """What its nodes get."""
        cluster = [] if group.own_security_only else [self.cluster_group_id]
        return [*cluster, self.own_id(group), *group.get("security_groups", [])]

    def problems(self, group: Group) -> Iterator[str]:
        """What cannot be, with the group's name left to whoever asks."""
        found = self.named(group.full_name)
        if found and not is_owned(found, group.owner):
            yield (
                f"security group {found['group_id']} is called {group.full_name} too, and does not carry the tags "
                f"{owner_text(group.owner)}, so it belongs to somebody else; give the group another name"
            )
        for one in group.get("security_groups", []):
            if cluster_tag(group.cluster) in (self.by_id(one).get("tags") or {}):
                yield (
                    f"security_groups: {one} carries the tag {cluster_tag(group.cluster)}, which only one security "
                    "group of a node may; leave it out"
                )

    def plan(self, group: Group) -> Item:
        """The group's own security group, as ``amazon.aws.ec2_security_group`` takes it, with ``changes``."""
        found = self.named(group.full_name)
        lacking = difference(
            [one.of(str(found["group_id"])) if found else one for one in self._wanted(group)],
            observed_rules(found.get("ip_permissions")),
        )
        tags = {"Name": group.full_name, **group.get("tags", {}), **group.owner}
        tags |= {cluster_tag(group.cluster): "owned"} if group.own_security_only else {}
        stale = {cluster_tag(group.cluster)} & set(found.get("tags") or {}) - set(tags)
        kept = {key: value for key, value in (found.get("tags") or {}).items() if key not in stale}
        out = _missing_outward(group, found)
        changes = [*lacking.changes, *tag_changes(found, tags), *(f"remove the tag {key}" for key in stale)]
        return {
            "label": f"security group {group.full_name}",
            "name": group.full_name,
            "description": found.get("description") or f"Nodes of group {group.name} of EKS cluster {group.cluster}",
            "vpc_id": self.vpc_id,
            **_of_itself(lacking.options, group.full_name),
            "rules_egress": [{"proto": "all", "group_name": group.full_name}] if out else [],
            "tags": {**kept, **tags},
            "changes": changes + (["let out all to itself"] if out else []) if found else ["make it"],
        }

    def _wanted(self, group: Group) -> Iterator[Rule]:
        """https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html; for EFA
        https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/efa-start.html"""
        yield from rules_of(group.get("security_group_rules", []))
        if group.own_security_only:
            yield rule("tcp", (443, 443), "group_id", self.cluster_group_id, "control plane")
            yield rule("tcp", _ANY_PORT, "group_id", self.cluster_group_id, "control plane, kubelet and webhooks")
            for proto, ports in _DNS:
                yield rule(proto, ports, "group_id", self.cluster_group_id, "DNS")
        if group.own_security_only or group.get("efa") is not None:
            yield rule("all", None, "group_id", SELF, "nodes of the group")

    def cluster_plan(self, groups: Sequence[Group], gone: Sequence[str] = ()) -> Item:
        """What the cluster's security group lacks for nodes that do not have it, as the module takes it. Of the groups
        whose own security groups are ``gone``, no rule stays."""
        found = self.by_id(self.cluster_group_id)
        own = {group.full_name: self.own_id(group) for group in groups}
        wanted = [
            rule(proto, ports, "group_id", own[group.full_name], f"nodes of group {group.name}")
            for group in groups
            if group.own_security_only
            for proto, ports in (("tcp", (443, 443)), *_DNS)
        ]
        lacking = difference(wanted, observed_rules(found.get("ip_permissions")), {*own.values(), *gone})
        return {
            "label": f"security group {found.get('group_name')}",
            "group_id": found.get("group_id"),
            "name": found.get("group_name"),
            "description": found.get("description"),
            **lacking.options,
            "changes": lacking.changes,
        }


def _missing_outward(group: Group, found: Mapping[str, Any]) -> bool:
    """Whether nodes with EFA must be let out to each other. All else is let out already, by EC2's own rule."""
    rules = observed_rules(found.get("ip_permissions_egress"))
    return group.get("efa") is not None and not any(
        one.proto == "all" and one.source == found.get("group_id") for one in rules
    )


def _of_itself(options: Item, name: str) -> Item:
    """The options with the group itself by its name, which the module understands before the group exists."""
    rules = [
        {**{key: value for key, value in one.items() if key != "group_id"}, "group_name": name}
        if one.get("group_id") == SELF
        else one
        for one in options["rules"]
    ]
    return {**options, "rules": rules}
