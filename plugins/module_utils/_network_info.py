# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cluster's own VPC consists of: one call for each kind of thing, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils._client import Client, client_for
from ansible_collections.flotilla.eks.plugins.module_utils._entry import guarded
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._read import PARALLEL_READS

OWNER = "flotilla.eks/cluster"  # the tag that the role network puts on all that it makes
DNS = ("enable_dns_support", "enable_dns_hostnames")


@dataclass(frozen=True)
class Kind:
    """How EC2 lists one kind of thing. ``within`` is the filter for those of a VPC; without it, ``owned`` ones are
    asked for, or all of the region.
    """

    operation: str
    answer: str
    within: str = "vpc-id"
    owned: bool = False
    filters: str = "Filters"


KINDS = {
    "subnets": Kind("DescribeSubnets", "Subnets"),
    "route_tables": Kind("DescribeRouteTables", "RouteTables"),
    "nat_gateways": Kind("DescribeNatGateways", "NatGateways", filters="Filter"),
    # Of the region: ours may be detached, and one that is attached may be a stranger's. A region has a handful.
    "internet_gateways": Kind("DescribeInternetGateways", "InternetGateways", within=""),
    "addresses": Kind("DescribeAddresses", "Addresses", within="", owned=True),
    "security_groups": Kind("DescribeSecurityGroups", "SecurityGroups"),
    "network_interfaces": Kind("DescribeNetworkInterfaces", "NetworkInterfaces"),
}

ARGUMENT_SPEC = {
    "cluster_name": {"type": "str", "required": True},
    "include": {"type": "list", "elements": "str", "choices": list(KINDS), "default": list(KINDS)},
}


def run() -> None:
    """main() of the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    cluster, kinds = module.params["cluster_name"], module.params["include"]
    network = guarded(module, f"network of cluster {cluster}", lambda: read_network(client_for(module), cluster, kinds))
    module.exit_json(changed=False, **network)


def read_network(client: Client, cluster: str, kinds: Sequence[str]) -> Values:
    """Lists under ``vpcs`` and the asked ones of KINDS, tags as mappings. Raises AwsError.

    Without a VPC, what could only be inside it is not asked for.
    """
    mine = {"Name": f"tag:{OWNER}", "Values": [cluster]}
    vpcs = client.listed("ec2", "DescribeVpcs", "Vpcs", Filters=[mine])
    ids = [vpc["vpc_id"] for vpc in vpcs]

    def look(kind: Kind) -> list[Values]:
        if kind.within and not ids:
            return []
        inside = [{"Name": kind.within, "Values": ids}] if kind.within else []
        filters = [mine] if kind.owned else inside
        return client.listed("ec2", kind.operation, kind.answer, **({kind.filters: filters} if filters else {}))

    with ThreadPoolExecutor(PARALLEL_READS) as pool:
        settings = [{name: pool.submit(_dns, client, vpc, name) for name in DNS} for vpc in ids]
        found = dict(zip(kinds, pool.map(look, [KINDS[kind] for kind in kinds]), strict=True))
        attributes = [{name: answer.result() for name, answer in dns.items()} for dns in settings]
    found["vpcs"] = [vpc | dns for vpc, dns in zip(vpcs, attributes, strict=True)]
    return {kind: [_tagged(item) for item in items] for kind, items in found.items()}


def _dns(client: Client, vpc: str, name: str) -> bool:
    member = "".join(word.capitalize() for word in name.split("_"))  # EnableDnsSupport
    answer = client.read("ec2", "DescribeVpcAttribute", VpcId=vpc, Attribute=member[0].lower() + member[1:])
    return bool(answer[member]["Value"])


def _tagged(item: Values) -> Values:
    tags: list[dict[str, Any]] = item.pop("tag_set", None) or item.pop("tags", None) or []
    return {**item, "tags": {tag["key"]: tag["value"] for tag in tags}}
