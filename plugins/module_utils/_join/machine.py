# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Is the instance itself well? Its state, its tags, its addresses, and what its Node says. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ansible_collections.flotilla.eks.plugins.module_utils._join.evidence import (
    Case,
    Evidence,
    Finding,
    blocking,
    suspicious,
)
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.sources import NOT_READY, readiness, without_network
from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick
from ansible_collections.flotilla.eks.plugins.module_utils._progress import duration
from ansible_collections.flotilla.eks.plugins.module_utils._user_data.told import WINDOWS

PATIENCE = {WINDOWS: 900}  # seconds within which nodes join
MOST = 300
AILING = {
    "MemoryPressure": "it is short of memory",
    "DiskPressure": "its disk is nearly full",
    "PIDPressure": "it has too many processes",
    "NetworkUnavailable": "its network is not set up",
}
"""https://kubernetes.io/docs/reference/node/node-status/#condition"""


def instance_state(case: Case, evidence: Evidence) -> Iterator[Finding]:
    state = case.instance["state"]["name"]
    if state not in ("running", "pending"):
        yield blocking(
            f"the instance is {state}",
            str(case.instance.get("state_transition_reason") or pick(case.instance, "state_reason.message") or state),
            f"start it (aws ec2 start-instances --instance-ids {case.id}), or terminate it to have it replaced",
        )
        return
    status = evidence.statuses.get(case.id) or {}
    for kind in ("instance_status", "system_status", "attached_ebs_status"):
        if pick(status, f"{kind}.status") == "impaired":
            yield blocking(
                "the instance fails EC2's status checks: it hangs, or does not boot",
                f"{kind} is impaired",
                f"look at its console, and terminate it to have it replaced: aws ec2 terminate-instances "
                f"--instance-ids {case.id}",
            )
    yield from _young(case, evidence)


def _young(case: Case, evidence: Evidence) -> Iterator[Finding]:
    launched = case.instance.get("launch_time")
    age = (evidence.now - datetime.fromisoformat(launched)).total_seconds() if launched else MOST
    patience = PATIENCE.get(evidence.family_of(case), MOST)
    if 0 <= age < patience and not case.kubernetes:
        yield suspicious(
            "the instance was launched a short while ago, and may still be booting",
            f"it was launched {duration(age)} ago, {case.instance['state']['name']}",
            "wait a few minutes: flotilla.eks.nodes_info with wait_for",
        )


def metadata(case: Case, evidence: Evidence) -> Iterator[Finding]:
    if pick(case.instance, "metadata_options.http_endpoint") == "disabled":
        yield blocking(
            "the instance metadata service is off, where the bootstrap finds user data and credentials",
            f"metadata_options.http_endpoint of {case.id} is disabled",
            f"aws ec2 modify-instance-metadata-options --instance-id {case.id} --http-endpoint enabled, and the same "
            "in the launch template",
        )


def tags(case: Case, evidence: Evidence) -> Iterator[Finding]:
    tag = f"kubernetes.io/cluster/{evidence.name}"
    if case.tags.get(tag) not in ("owned", "shared"):
        yield suspicious(
            "the instance does not carry the cluster's tag, by which controllers and flotilla.eks.nodes_info find it",
            f"{tag} is {case.tags.get(tag) or 'missing'}",
            f"aws ec2 create-tags --resources {case.id} --tags Key={tag},Value=owned, and have the Auto Scaling group "
            "propagate it",
        )


def free_addresses(case: Case, evidence: Evidence) -> Iterator[Finding]:
    subnet = evidence.subnets.get(case.subnet_id)
    if subnet is None or subnet.get("available_ip_address_count", 1) > 0:
        return
    severity = blocking if case.node["status"] == NOT_READY else suspicious
    yield severity(
        "the subnet of the instance has no free address left, so its pods get none",
        f"{case.subnet_id} ({subnet.get('cidr_block')}) has 0 available addresses",
        "free some, launch in another subnet, or give the VPC a further CIDR block with subnets for pods",
    )


def node_conditions(case: Case, evidence: Evidence) -> Iterator[Finding]:
    """Of an instance that has joined, and is not Ready."""
    conditions = pick(case.kubernetes, "status.conditions") or []
    if not case.kubernetes or readiness(conditions)[0] == "Ready":
        return
    for condition in conditions:
        if condition["type"] in AILING and condition["status"] == "True":
            yield blocking(
                f"the node is not Ready: {AILING[condition['type']]}",
                f"{condition['type']}: {condition.get('message') or condition.get('reason')}",
                f"flotilla.eks.drain, and terminate {case.id} to have it replaced",
            )
    yield from _unready(case, evidence, *readiness(conditions))


def _unready(case: Case, evidence: Evidence, state: str, reason: str | None) -> Iterator[Finding]:
    told = str(reason)
    if without_network(told):
        yield _without_network(case, evidence, told)
    elif state == "Unknown":
        yield blocking(
            "the kubelet of the node has stopped telling how it is",
            told,
            f"look at the console of {case.id} and at its kubelet (journalctl -u kubelet), or drain and replace it",
        )
    else:
        yield suspicious("the node has joined, and is not Ready", told, f"look at the kubelet of {case.id}")


def _without_network(case: Case, evidence: Evidence, told: str) -> Finding:
    if evidence.cni is None and "cni" not in evidence.unread:
        return blocking(
            "the node has joined, but the cluster has no network plugin: there is no DaemonSet kube-system/aws-node",
            told,
            f"flotilla.eks.addon: cluster_name: {evidence.name}, name: vpc-cni (before the nodes), or install the "
            "network plugin that you use instead",
        )
    return blocking(
        "the node has joined, but the network plugin is not ready on it",
        told,
        f"look at the pod of aws-node on {case.node['name']} (its image is pulled, its role has AmazonEKS_CNI_Policy, "
        "it tolerates the taints): kubectl -n kube-system logs -l k8s-app=aws-node -c aws-node",
    )
