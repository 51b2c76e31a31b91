# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The security groups of self-managed nodes, and what goes with a group."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_nodes import plan_self_managed_nodes
from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_removal import plan_self_managed_removal

ROLE = "arn:aws:iam::123456789012:role/nodes"
CLUSTER = {"resources_vpc_config": {"vpc_id": "vpc-1", "cluster_security_group_id": "sg-cluster"}}
MEMBERS = {"cidr_ip": "ip_ranges", "cidr_ipv6": "ipv6_ranges", "group_id": "user_id_group_pairs"}
Found = dict[str, Any]


def security_group(group_id: str, name: str, **members: Any) -> Found:
    return {"group_id": group_id, "group_name": name, "description": name, "vpc_id": "vpc-1", "tags": {}, **members}


CLUSTER_GROUP = security_group("sg-cluster", "eks-demo", tags={"kubernetes.io/cluster/demo": "owned"})
OF_OTHERS = {
    "ip_protocol": "tcp",
    "from_port": 80,
    "to_port": 80,
    "ip_ranges": [{"cidr_ip": "10.0.0.0/8", "description": "elbv2.k8s.aws/targetGroupBinding=shared"}],
}


def group(name: str = "batch", **members: Any) -> dict[str, Any]:
    scaling = {"min_size": 1, "max_size": 3}
    common = {"instance_types": ["m7i.large"], "scaling": scaling, "subnets": ["subnet-a"]}
    return {"name": name, **common, "role_arn": ROLE, "instance_profile": "nodes", **members}


def plan(found: list[Found], *groups: dict[str, Any]) -> dict[str, Any]:
    known = {"cluster_name": "demo", "cluster": CLUSTER, "security_groups": found}
    return plan_self_managed_nodes(groups, known)


def make(found: list[Found], *groups: dict[str, Any]) -> list[Found]:
    """What is found once the plan was carried out; the cluster's security group follows the others."""
    account = deepcopy(found)
    for item in plan(account, *groups)["security_groups"]:
        there = [one for one in account if one["group_name"] == item["name"]]
        if not there:
            there = [security_group(f"sg-{item['name']}", item["name"])]
            account += there
        _apply(there[0], item)
    item = plan(account, *groups)["cluster_security_group"]
    _apply(next(one for one in account if one["group_id"] == "sg-cluster"), {**item, "tags": CLUSTER_GROUP["tags"]})
    return account


def _apply(found: Found, item: dict[str, Any]) -> None:
    """As amazon.aws.ec2_security_group does."""
    found["tags"] = item["tags"]
    if item["purge_rules"]:
        found["ip_permissions"] = []
    found.setdefault("ip_permissions", []).extend(_permission(found, rule) for rule in item["rules"])
    egress = [_permission(found, rule) for rule in item.get("rules_egress", [])]
    found.setdefault("ip_permissions_egress", []).extend(egress)


def _permission(found: Found, rule: dict[str, Any]) -> dict[str, Any]:
    kind = next(key for key in ("cidr_ip", "cidr_ipv6", "group_id", "group_name") if key in rule)
    source = {"group_name": found["group_id"]}.get(kind, rule[kind])
    kind = "group_id" if kind == "group_name" else kind
    described = {"description": rule["rule_desc"]} if "rule_desc" in rule else {}
    ports: dict[str, Any] = {key: rule[key] for key in ("from_port", "to_port") if key in rule}
    proto = "-1" if rule["proto"] == "all" else rule["proto"]
    return {"ip_protocol": proto, **ports, MEMBERS[kind]: [{kind: source, **described}]}


def changes(found: list[Found], *groups: dict[str, Any]) -> list[str]:
    made = plan(found, *groups)
    return [text for item in [*made["security_groups"], made["cluster_security_group"]] for text in item["changes"]]


RULES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "cidr_ip": st.sampled_from(["10.0.0.0/8", ["10.0.0.0/8", "192.0.2.0/24"]]),
            "cidr_ipv6": st.just("2001:db8::/32"),
            "rule_desc": st.just("bastion"),
        },
    ).filter(lambda rule: "cidr_ip" in rule or "cidr_ipv6" in rule),
    max_size=2,
)
REACH = st.sampled_from(
    [{"ports": [22, "8000-8100"]}, {"proto": "all"}, {"proto": "icmp"}, {"proto": "udp", "ports": 53}]
)
MORE = st.fixed_dictionaries({"cluster_security_group": st.booleans()}, optional={"efa": st.just({"interfaces": 2})})


@given(RULES, REACH, MORE)
def test_planning_what_was_made_yields_nothing(rules: Any, reach: dict[str, Any], more: dict[str, Any]) -> None:
    wanted = group(security_group_rules=[{**rule, **reach} for rule in rules], **more)
    account = make([CLUSTER_GROUP], wanted)
    assert changes(account, wanted) == []


def test_by_default_nodes_have_the_clusters_and_one_that_lets_nobody_in() -> None:
    made = plan([CLUSTER_GROUP], group())
    [item] = made["security_groups"]
    assert (item["name"], item["vpc_id"], item["rules"], item["changes"]) == ("demo-batch", "vpc-1", [], ["make it"])
    assert "kubernetes.io/cluster/demo" not in item["tags"]
    assert made["cluster_security_group"]["changes"] == []


def test_without_the_clusters_the_own_one_has_all_that_a_node_needs() -> None:
    alone = group(cluster_security_group=False)
    account = make([CLUSTER_GROUP], alone)
    assert plan(account, alone)["security_groups"][0]["tags"]["kubernetes.io/cluster/demo"] == "owned"
    assert plan([CLUSTER_GROUP, *account[1:]], alone)["cluster_security_group"]["changes"] == [
        "let in tcp 443 from sg-demo-batch",
        "let in tcp 53 from sg-demo-batch",
        "let in udp 53 from sg-demo-batch",
    ]
    bare = deepcopy(account)
    bare[1]["ip_permissions"] = []
    assert changes(bare, alone) == [
        "let in tcp 443 from sg-cluster",
        "let in tcp 1025-65535 from sg-cluster",
        "let in tcp 53 from sg-cluster",
        "let in udp 53 from sg-cluster",
        "let in all from sg-demo-batch",
    ]


def test_going_back_to_the_clusters_takes_our_rules_and_its_tag_away() -> None:
    account = make([CLUSTER_GROUP], group(cluster_security_group=False))
    for found in account:
        found["ip_permissions"].append(OF_OTHERS)
    back = make(account, group())
    assert changes(back, group()) == []
    assert "kubernetes.io/cluster/demo" not in back[1]["tags"]
    kept = [
        [one["ip_ranges"][0]["cidr_ip"] for one in found["ip_permissions"] if one.get("ip_ranges")] for found in back
    ]
    assert kept == [["10.0.0.0/8"], ["10.0.0.0/8"]]


def test_rules_of_others_stay_and_those_that_went_go() -> None:
    ssh = group(security_group_rules=[{"ports": 22, "cidr_ip": "10.0.0.0/8"}])
    account = make([CLUSTER_GROUP], ssh)
    account[1]["ip_permissions"].append(OF_OTHERS)
    assert changes(account, ssh) == []
    assert changes(account, group()) == ["no longer let in tcp 22 from 10.0.0.0/8"]
    [item] = plan(account, group())["security_groups"]
    assert (item["purge_rules"], [rule["from_port"] for rule in item["rules"]]) == (True, [80])
    added = plan(account, group(security_group_rules=[{"ports": [22, 23], "cidr_ip": "10.0.0.0/8"}]))[
        "security_groups"
    ][0]
    assert (added["purge_rules"], [rule["from_port"] for rule in added["rules"]]) == (False, [23])


def test_what_belongs_to_others_is_refused() -> None:
    [problem] = plan([CLUSTER_GROUP, security_group("sg-1", "demo-batch")], group())["problems"]
    assert (
        "security group sg-1 is called demo-batch too, and does not carry the tags flotilla.eks/cluster=demo" in problem
    )
    [problem] = plan([CLUSTER_GROUP], group(security_groups=["sg-cluster"]))["problems"]
    assert "security_groups: sg-cluster carries the tag kubernetes.io/cluster/demo, which only one" in problem


def scaling_group(name: str, role: str = ROLE, nodes: int = 0, cluster: str = "demo") -> Found:
    tags = {"flotilla.eks/cluster": cluster, "flotilla.eks/nodegroup": name, "flotilla.eks/node-role": role}
    return {
        "auto_scaling_group_name": f"{cluster}-{name}",
        "instances": [{}] * nodes,
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
    }


def owned(name: str) -> Found:
    tags = {"flotilla.eks/cluster": "demo", "flotilla.eks/nodegroup": name}
    return security_group(f"sg-demo-{name}", f"demo-{name}", tags=tags)


def removal(*names: str, observed: Found | None = None, **wanted: Any) -> dict[str, Any]:
    found = {
        "scaling_groups": [
            scaling_group("a", nodes=2),
            scaling_group("b"),
            scaling_group("c", role="other"),
            scaling_group("d", cluster="prod"),
        ],
        "security_groups": [CLUSTER_GROUP, owned("a"), owned("b"), owned("c")],
        **(observed or {}),
    }
    known = {"cluster_name": "demo", "cluster": CLUSTER, **({"groups": list(names)} if names else {}), **wanted}
    return plan_self_managed_removal(found, known)


@pytest.mark.parametrize(
    ("names", "roles"),
    [(["a"], []), (["a", "b"], [ROLE]), (["c"], ["other"]), ([], [ROLE, "other"]), (["gone"], [])],
)
def test_a_role_stays_while_another_group_uses_it(names: list[str], roles: list[str]) -> None:
    assert removal(*names)["roles"] == roles
    managed: Found = {"nodegroups": [{"node_role": ROLE}]}
    assert ROLE not in removal(*names, observed=managed)["roles"]
    assert ROLE not in removal(*names, keep=[ROLE])["roles"]


def test_all_of_a_group_goes_and_nothing_else() -> None:
    gone = removal("a")
    assert gone["scaling_groups"] == ["demo-a"]
    assert [one["group_id"] for one in gone["security_groups"]] == ["sg-demo-a"]
    assert gone["changes"] == ["node group a: drain and terminate its 2 nodes, and remove it"]
    assert removal()["groups"] == ["a", "b", "c"]
    assert removal("gone")["changes"] == []


def test_the_clusters_rules_go_with_the_group() -> None:
    alone = [group(name, cluster_security_group=False) for name in ("a", "b")]
    account = make([CLUSTER_GROUP], *alone)
    found = removal("a", observed={"security_groups": account})["cluster_security_group"]
    assert found["changes"] == [f"no longer let in {text} from sg-demo-a" for text in ("tcp 443", "tcp 53", "udp 53")]
    assert {rule["group_id"] for rule in found["rules"]} == {"sg-demo-b"}
