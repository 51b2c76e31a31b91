# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do security groups and network ACLs let the instance talk to the cluster, and the cluster to it? Pure.

https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.flotilla.eks.plugins.module_utils._join.evidence import (
    Answer,
    Case,
    Evidence,
    Unread,
    blocking,
    suspicious,
)
from ansible_collections.flotilla.eks.plugins.module_utils._join.reach import (
    ANYWHERE,
    INTERNET,
    UDP,
    Peer,
    Verdict,
    acl_lets,
    acl_of,
    receives,
    sends,
)
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.sources import tags_of

HTTPS, KUBELET, DNS = 443, 10250, 53


def security_groups(case: Case, evidence: Evidence) -> Iterator[Answer]:
    ids, control = case.security_groups, evidence.control_groups
    known = evidence.security_groups
    away = [group for group in (*ids, *control) if group not in known]
    if away:
        yield Unread(f"of the security groups {', '.join(away)} nothing is known: they are not in {evidence.vpc_id}")
        return
    own, theirs = [known[group] for group in ids], [known[group] for group in control]
    node, plane = peer_of(case), Peer(frozenset(control), evidence.cluster_networks)
    fix = (
        f"attach the cluster's own security group {evidence.cluster_group} to the instances (role self_managed_nodes: "
        "cluster_security_group: true), or let {} in and out"
    )
    if evidence.is_private:
        yield from _judged(
            sends(own, plane, HTTPS),
            f"the security groups of the instance let nothing out to the control plane on port {HTTPS}",
            f"egress of {', '.join(ids)} does not lead to {', '.join(control)}",
            f"add an egress rule for TCP {HTTPS} to {evidence.cluster_group} to {', '.join(ids)}",
        )
        yield from _judged(
            receives(theirs, node, HTTPS),
            f"the control plane's security groups let the instance not in on port {HTTPS}",
            f"ingress of {', '.join(control)} names neither {', '.join(ids)} nor {', '.join(node.networks)}",
            fix.format(f"TCP {HTTPS} from {', '.join(ids)}"),
        )
    else:
        yield from _judged(
            sends(own, INTERNET, HTTPS),
            f"the security groups of the instance let nothing out to the internet on port {HTTPS}, where the cluster's "
            "public endpoint is",
            f"egress of {', '.join(ids)}",
            f"add an egress rule for TCP {HTTPS} to {ANYWHERE}, or let the cluster have a private endpoint "
            "(flotilla.eks.cluster: resources_vpc_config.endpoint_private_access: true)",
        )
    yield from _judged(
        False not in (sends(theirs, node, KUBELET), receives(own, plane, KUBELET)),
        f"the control plane cannot reach the kubelet (port {KUBELET}): logs, exec and metrics would fail",
        f"from {', '.join(control)} to {', '.join(ids)}",
        fix.format(f"TCP {KUBELET} from {evidence.cluster_group}"),
        grave=False,
    )
    yield from _judged(
        receives(own, node, DNS, UDP),
        "nodes with these security groups do not reach each other's DNS (UDP 53)",
        f"ingress of {', '.join(ids)}",
        fix.format("all traffic among the nodes"),
        grave=False,
    )
    yield from _cluster_tags(own, evidence)


def _judged(verdict: Verdict, problem: str, evidence: str, fix: str, grave: bool = True) -> Iterator[Answer]:
    if verdict is None:
        yield Unread(f"whether {problem} depends on prefix lists, which were not looked into")
    elif not verdict:
        yield (blocking if grave else suspicious)(problem, evidence, fix)


def _cluster_tags(groups: list[Values], evidence: Evidence) -> Iterator[Answer]:
    tag = f"kubernetes.io/cluster/{evidence.name}"
    tagged = [group["group_id"] for group in groups if tag in tags_of(group)]
    if len(tagged) > 1:
        yield suspicious(
            "more than one security group of the instance carries the cluster's tag, by which load balancer "
            "controllers fail",
            f"{tag} is on {', '.join(tagged)}",
            f"take the tag off all but one: aws ec2 delete-tags --resources {tagged[-1]} --tags Key={tag}",
        )


def network_acls(case: Case, evidence: Evidence) -> Iterator[Answer]:
    acl = acl_of(case.subnet_id, evidence.vpc_of(case), evidence.network_acls)
    own = str((evidence.subnets.get(case.subnet_id) or {}).get("cidr_block") or "")
    peers = evidence.cluster_networks if evidence.is_private else (ANYWHERE,)
    for peer in peers:
        if acl and acl_lets(acl, True, peer, HTTPS) is False and peer != own:
            yield blocking(
                f"the network ACL of the instance's subnet stops its traffic to the cluster (TCP {HTTPS} and replies)",
                f"{acl['network_acl_id']} of {case.subnet_id}, towards {peer}",
                f"allow TCP {HTTPS} out to {peer}, and TCP 1024-65535 in from there, in {acl['network_acl_id']}",
            )
            return
    for subnet in evidence.cluster_subnets if evidence.is_private and own else []:
        other = acl_of(subnet, evidence.vpc_id, evidence.network_acls)
        if other and other is not acl and subnet != case.subnet_id and acl_lets(other, False, own, HTTPS) is False:
            yield suspicious(
                "the network ACL of a subnet with interfaces of the control plane stops the instance's traffic",
                f"{other['network_acl_id']} of {subnet}, from {own}",
                f"allow TCP {HTTPS} in from {own}, and TCP 1024-65535 out to it, in {other['network_acl_id']}",
            )
            return


def peer_of(case: Case) -> Peer:
    """The instance, as others see it."""
    address = case.instance.get("private_ip_address")
    return Peer(frozenset(case.security_groups), (f"{address}/32",) if address else ())
