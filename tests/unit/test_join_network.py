# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each single defect of the way between an instance and its cluster is found as what it is."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._join.diagnosis import examine
from ansible_collections.flotilla.eks.plugins.module_utils._join.reach import (
    INTERNET,
    Peer,
    acl_lets,
    any_of,
    receives,
    route_table_of,
    sends,
)
from support.join_evidence import (
    CLUSTER_GROUP,
    EVERYTHING,
    NODE_GROUP,
    PLANE,
    SUBNET,
    VPC,
    Defect,
    acl,
    acl_entry,
    blocks,
    case,
    cluster,
    endpoint,
    evidence,
    from_group,
    group,
    looks_bad,
    prove,
    table,
)

PUBLIC_ONLY = {"endpoint_private_access": False}
OFFICE_ONLY = cluster({**PUBLIC_ONLY, "public_access_cidrs": ["203.0.113.0/24"]})
NOWHERE = [table("rtb-node", [SUBNET])]
TO_INTERNET = [table("rtb-node", [SUBNET], gateway_id="igw-1")]
TO_NAT = [table("rtb-node", [SUBNET], nat_gateway_id="nat-1")]
TO_NOTHING = [table("rtb-node", [SUBNET], nat_gateway_id="nat-1", state="blackhole")]
TO_HUB = [table("rtb-node", [SUBNET], transit_gateway_id="tgw-1")]
BROKEN_NAT = {"nat-1": {**evidence().nat_gateways["nat-1"], "state": "failed"}}
PRIVATE_NAT = {"nat-1": {**evidence().nat_gateways["nat-1"], "connectivity_type": "private"}}
S3 = endpoint("s3", vpc_endpoint_type="Gateway", route_table_ids=["rtb-node"], groups=[], private_dns_enabled=False)
OTHERS = [endpoint("ec2"), endpoint("ecr.api"), endpoint("ecr.dkr"), S3]
ALL_SERVICES = [*OTHERS, endpoint("sts")]
OPEN_ACL = acl(acl_entry(True), acl_entry(False))
NO_WAY_IN = acl(acl_entry(True, 50, "deny", cidr_block="10.0.0.0/16"), acl_entry(True), acl_entry(False))
NO_NAMES = {"enable_dns_support": True, "enable_dns_hostnames": False}
NO_DNS = {"enable_dns_support": False, "enable_dns_hostnames": True}
LIST = {"ip_protocol": "tcp", "from_port": 443, "to_port": 443, "prefix_list_ids": [{"prefix_list_id": "pl-1"}]}
BOTH_TAGGED = case(security_groups=[{"group_id": NODE_GROUP}, {"group_id": "sg-other"}])


def groups(*changed: dict[str, Any]) -> dict[str, Any]:
    return {**evidence().security_groups, **{one["group_id"]: one for one in changed}}


def node_group(ingress: list[Any] | None = None, egress: list[Any] | None = None) -> dict[str, Any]:
    inward = [from_group(CLUSTER_GROUP), from_group(NODE_GROUP)] if ingress is None else ingress
    return groups(group(NODE_GROUP, inward, [EVERYTHING] if egress is None else egress, True))


TRAFFIC = [
    blocks("security_groups", "let the instance not in",
           security_groups=groups(group(CLUSTER_GROUP, [], [EVERYTHING]))),
    blocks("security_groups", "let nothing out to the control plane", security_groups=node_group(egress=[])),
    blocks("security_groups", "let nothing out to the internet", cluster=cluster(PUBLIC_ONLY),
           security_groups=node_group(egress=[from_group(CLUSTER_GROUP)])),
    looks_bad("security_groups", "cannot reach the kubelet", security_groups=node_group([from_group(NODE_GROUP)])),
    looks_bad("security_groups", "each other's DNS", security_groups=node_group([from_group(CLUSTER_GROUP)])),
    looks_bad("security_groups", "more than one", BOTH_TAGGED,
              security_groups=groups(group("sg-other", [], [], True))),
    blocks("network_acls", "stops its traffic", network_acls=[acl(acl_entry(True))]),
    blocks("network_acls", "stops its traffic", network_acls=[NO_WAY_IN]),
    looks_bad("network_acls", "a subnet with interfaces", network_acls=[OPEN_ACL, acl(subnets=(PLANE,))]),
]  # fmt: skip
ROUTES = [
    looks_bad("dns", "does not resolve", vpc_dns=NO_NAMES),
    blocks("dns", "does not resolve", vpc_dns=NO_DNS),
    looks_bad("route", "another VPC", cluster=cluster({"vpc_id": "vpc-2"})),
    blocks("route", "public only", cluster=cluster(PUBLIC_ONLY), route_tables=NOWHERE, vpc_endpoints=ALL_SERVICES,
           security_groups=groups()),
    blocks("endpoint_access", "not open to the address", cluster=OFFICE_ONLY),
    blocks("service_endpoints", "needs: ec2, ecr.api, ecr.dkr, s3, sts", route_tables=NOWHERE),
    blocks("service_endpoints", "needs: ec2", route_tables=TO_INTERNET),
    blocks("service_endpoints", "needs: ec2", route_tables=TO_NAT),
    blocks("service_endpoints", "needs: ec2", route_tables=TO_NOTHING),
    blocks("service_endpoints", "needs: ec2", nat_gateways=BROKEN_NAT),
    blocks("service_endpoints", "needs: ec2", nat_gateways=PRIVATE_NAT),
    looks_bad("service_endpoints", "needs: sts", route_tables=NOWHERE, vpc_endpoints=OTHERS),
    looks_bad("service_endpoints", "needs: s3", route_tables=NOWHERE,
              vpc_endpoints=[*ALL_SERVICES[:3], {**S3, "route_table_ids": []}, endpoint("sts")]),
    looks_bad("service_endpoints", "needs: sts", route_tables=NOWHERE,
              vpc_endpoints=[*OTHERS, endpoint("sts", private_dns_enabled=False)]),
    looks_bad("service_endpoints", "needs: sts", route_tables=NOWHERE,
              vpc_endpoints=[*OTHERS, endpoint("sts", state="pendingAcceptance")]),
    looks_bad("service_endpoints", "needs: sts", route_tables=NOWHERE, security_groups=groups(group("sg-shut", [], [])),
              vpc_endpoints=[*OTHERS, endpoint("sts", groups=[{"group_id": "sg-shut"}])]),
]  # fmt: skip


@pytest.mark.parametrize("defect", [*TRAFFIC, *ROUTES], ids=lambda defect: f"{defect[0]}: {defect[2]}")
def test_a_single_defect_is_found_as_what_it_is(defect: Defect) -> None:
    prove(defect)


def test_without_a_way_out_the_services_are_missed_too() -> None:
    found = examine(case(), evidence(cluster=cluster(PUBLIC_ONLY), route_tables=NOWHERE)).findings
    assert [one.check for one in found] == ["route", "service_endpoints"]
    assert "rtb-node of subnet-node has no route to 0.0.0.0/0" in found[0].evidence


@pytest.mark.parametrize(
    ("check", "words", "members"),
    [
        ("security_groups", "depends on prefix lists", {"security_groups": node_group(egress=[LIST])}),
        ("security_groups", "nothing is known", {"security_groups": {}}),
        ("endpoint_access", "from which address", {"cluster": OFFICE_ONLY, "route_tables": TO_HUB}),
    ],
)
def test_what_rules_do_not_tell(check: str, words: str, members: dict[str, Any]) -> None:
    examination = examine(case(), evidence(**members))
    assert examination.findings == ()
    assert [one.check for one in examination.unchecked] == [check]
    assert words in examination.unchecked[0].reason


def test_verdicts_of_security_groups() -> None:
    peer = Peer(frozenset({"sg-1"}), ("10.0.1.0/24",))
    one = group("sg-2", [from_group("sg-1", 443)], [{"ip_protocol": "tcp", "ip_ranges": [{"cidr_ip": "10.0.0.0/8"}]}])
    assert receives([one], peer, 443) is True
    assert receives([one], peer, 10250) is False
    assert receives([one], peer, 443, "udp") is False
    assert receives([one], Peer(frozenset({"sg-3"})), 443) is False
    assert sends([one], peer, 443) is True
    assert sends([one], INTERNET, 443) is False
    assert sends([group("sg-4", [], [LIST])], peer, 443) is None
    six = {"ip_protocol": "6", "from_port": 0, "to_port": 65535, "ipv6_ranges": [{"cidr_ipv6": "::/0"}]}
    assert sends([group("sg-5", [], [six])], peer, 443) is False
    assert sends([group("sg-5", [], [six])], Peer(networks=("fd00::/64",)), 443) is True
    assert any_of([]) is False


def test_verdicts_of_network_acls() -> None:
    """The first rule that is about all of the traffic decides; one about a part of it leaves the rest open."""
    subnet = "10.0.1.0/24"
    https: dict[str, Any] = {"protocol": "6", "port_range": {"from": 443, "to": 443}}
    replies: dict[str, Any] = {"protocol": "6", "port_range": {"from": 1024, "to": 65535}}
    assert acl_lets(acl(acl_entry(True, **https), acl_entry(False, **replies)), True, subnet, 443) is True
    assert acl_lets(acl(acl_entry(True, **https)), True, subnet, 443) is False
    assert acl_lets(acl(acl_entry(False, **https), acl_entry(True, **replies)), False, subnet, 443) is True
    part = acl_entry(True, 10, cidr_block="10.0.1.0/25", **https)
    assert acl_lets(acl(part, acl_entry(False)), True, subnet, 443) is None
    assert acl_lets(
        acl(acl_entry(True, 10, "deny", cidr_block="10.9.0.0/16"), *OPEN_ACL["entries"][:2]), True, subnet, 443
    )
    assert acl_lets(acl(acl_entry(True, 10, protocol="17"), acl_entry(False)), True, subnet, 443) is False
    assert acl_lets(acl(acl_entry(True, 10, cidr_block=None), acl_entry(False)), True, subnet, 443) is False


def test_the_main_route_table_is_that_of_subnets_without_one() -> None:
    main = {**table("rtb-main", []), "associations": [{"main": True}]}
    assert route_table_of("subnet-x", VPC, [*NOWHERE, main]) is main
    assert route_table_of(SUBNET, VPC, [main, *NOWHERE]) is NOWHERE[0]
    assert route_table_of("subnet-x", "vpc-2", [main]) is None
