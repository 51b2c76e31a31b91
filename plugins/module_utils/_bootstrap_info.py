# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a machine needs to know of a cluster to become its node, and which roles the cluster lets in."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils._aws_auth import rows_of
from ansible_collections.flotilla.eks.plugins.module_utils._aws_auth_entry import COLLECTION, NAME
from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client, client_for
from ansible_collections.flotilla.eks.plugins.module_utils._entry import guarded
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.access import described, kubernetes_for
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.endpoint import REACHABLE
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick

ARGUMENT_SPEC: Values = {
    "cluster_name": {"type": "str", "required": True},
    "role_arn": {"type": "str"},
    "required": {"type": "bool", "default": True},
    "on_premises": {"type": "bool", "default": False},
}
FORBIDDEN = "UnauthorizedOperation"


def run() -> None:
    """main() of the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    who = f"cluster {module.params['cluster_name']}"
    module.exit_json(changed=False, **guarded(module, who, lambda: look(module)))


def look(module: Any) -> Values:
    """The cluster and the ARNs of roles, None where they cannot be known yet. Raises Refused, AwsError and
    KubernetesError."""
    client, name = client_for(module), module.params["cluster_name"]
    if not module.params["required"] and client.find("eks", "DescribeCluster", name=name) is None:
        return {"cluster": None, "roles": None}
    cluster = described(client, name)
    usable = cluster["status"] in REACHABLE
    found: Values = {"cluster": cluster, "roles": sorted(_roles(module, client, cluster)) if usable else None}
    if module.params["on_premises"]:
        found["vpc_cidrs"] = vpc_cidrs(client, cluster)
        found["nodes"] = _nodes_on_premises(module, cluster) if usable else None
    return found


def vpc_cidrs(client: Any, cluster: Values) -> list[str] | None:
    """The networks of the cluster's VPC; None if the caller must not see them. Raises AwsError."""
    try:
        vpcs = client.listed("ec2", "DescribeVpcs", "Vpcs", VpcIds=[pick(cluster, "resources_vpc_config.vpc_id")])
    except AwsError as error:
        if error.code != FORBIDDEN:
            raise
        return None
    return [block["cidr_block"] for vpc in vpcs for block in vpc.get("cidr_block_association_set") or ()]


def _nodes_on_premises(module: Any, cluster: Values) -> list[Values]:
    api = kubernetes_for(module, cluster["name"], cluster, module.params["role_arn"] or "")
    return [node_told(node) for node in api.list_all("/api/v1/nodes", labels="eks.amazonaws.com/compute-type=hybrid")]


def node_told(node: Values) -> Values:
    """Of a Node, who it is and where; it may have just been made."""
    status = node.get("status") or {}
    addresses = {one["type"]: one["address"] for one in status.get("addresses") or ()}
    ready = {"type": "Ready", "status": "True"}
    return {
        "name": node["metadata"]["name"],
        "address": addresses.get("InternalIP"),
        "ready": any(one.items() >= ready.items() for one in status.get("conditions") or ()),
    }


def _roles(module: Any, client: Client, cluster: Values) -> set[str]:
    """By access entries and by aws-auth, whichever the authentication mode has count."""
    mode = pick(cluster, "access_config.authentication_mode") or "CONFIG_MAP"
    found: set[str] = set()
    if mode != "CONFIG_MAP":
        found |= set(client.pages("ListAccessEntries", "access_entries", cluster_name=cluster["name"]))
    if mode != "API":
        api = kubernetes_for(module, cluster["name"], cluster, module.params["role_arn"] or "")
        config = api.find(f"{COLLECTION}/{NAME}") or {}
        rows = rows_of("mapRoles", (config.get("data") or {}).get("mapRoles"))
        found |= {str(row.get("rolearn")) for row in rows}
    return {arn for arn in found if ":role/" in arn}
