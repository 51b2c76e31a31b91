# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The truth table of clusters: what is desired of the cluster ``prod`` as it is below, and the calls that follow."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._paths import graft
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Desired, Refused, absent, present
from ansible_collections.flotilla.eks.plugins.module_utils._resources.cluster import CLUSTER, LOG_TYPES

ROLE = "arn:aws:iam::123456789012:role/cluster"
KEY = [{"resources": ["secrets"], "provider": {"key_arn": "arn:key"}}]
PROD: Values = {
    "status": "ACTIVE",
    "arn": "arn:prod",
    "version": "1.32",
    "role_arn": ROLE,
    "resources_vpc_config": {
        "subnet_ids": ["subnet-a", "subnet-b"],
        "security_group_ids": ["sg-1"],
        "vpc_id": "vpc-1",
        "endpoint_public_access": True,
        "endpoint_private_access": False,
        "public_access_cidrs": ["0.0.0.0/0"],
    },
    "kubernetes_network_config": {"service_ipv4_cidr": "10.100.0.0/16", "ip_family": "ipv4"},
    "logging": {"cluster_logging": [{"types": ["api", "audit"], "enabled": True}]},
    "access_config": {"authentication_mode": "API_AND_CONFIG_MAP"},
    "upgrade_policy": {"support_type": "EXTENDED"},
    "remote_network_config": {"remote_node_networks": [{"cidrs": ["10.1.0.0/16"]}]},
    "kube_api_server_config": {"service_node_port_range": {"min_port": 30000, "max_port": 32767}},
}
CONFIG = "UpdateClusterConfig"


def plan(values: Values, observed: Values | None = None) -> list[tuple[str, Values]]:
    prepared = CLUSTER.hooks.prepare(deepcopy(values))
    changes = present(CLUSTER, Desired({"name": "prod"}, prepared), {**PROD, **(observed or {})})
    return [(change.operation, change.params) for change in changes]


def vpc(**members: Any) -> Values:
    return {"resources_vpc_config": members}


def logs(*types: str) -> Values:
    return {"logging": {"cluster_logging": [{"types": list(types), "enabled": True}]}}


def sent_logs(*types: str) -> Values:
    off = [kind for kind in LOG_TYPES if kind not in types]
    groups = [{"types": list(types), "enabled": True}, {"types": off, "enabled": False}]
    return {"logging": {"cluster_logging": [group for group in groups if group["types"]]}}


OTHER_SUBNETS = vpc(subnet_ids=["subnet-a", "subnet-c"])
RANGE = {"min_port": 30000, "max_port": 32767}


@pytest.mark.parametrize(
    ("values", "calls"),
    [
        pytest.param({}, [], id="nothing said"),
        pytest.param(vpc(subnet_ids=["subnet-b", "subnet-a"]), [], id="subnets in another order"),
        pytest.param(
            OTHER_SUBNETS,
            [(CONFIG, vpc(subnet_ids=["subnet-a", "subnet-c"], security_group_ids=["sg-1"]))],
            id="another subnet, security groups along",
        ),
        pytest.param(
            vpc(security_group_ids=[]),
            [(CONFIG, vpc(subnet_ids=["subnet-a", "subnet-b"], security_group_ids=[]))],
            id="no security groups, subnets along",
        ),
        pytest.param(
            vpc(endpoint_private_access=True), [(CONFIG, vpc(endpoint_private_access=True))], id="one endpoint switch"
        ),
        pytest.param(
            vpc(public_access_cidrs=["1.2.3.4/32"]), [(CONFIG, vpc(public_access_cidrs=["1.2.3.4/32"]))], id="CIDRs"
        ),
        pytest.param(
            vpc(endpoint_private_access=True, **OTHER_SUBNETS["resources_vpc_config"]),
            [
                (CONFIG, vpc(endpoint_private_access=True)),
                (CONFIG, vpc(subnet_ids=["subnet-a", "subnet-c"], security_group_ids=["sg-1"])),
            ],
            id="two kinds of network change, one call each",
        ),
        pytest.param(logs("audit", "api"), [], id="log types in another order"),
        pytest.param(
            {
                "logging": {
                    "cluster_logging": [{"types": ["api"], "enabled": True}, {"types": ["audit"], "enabled": True}]
                }
            },
            [],
            id="log types in two groups",
        ),
        pytest.param(
            {
                "logging": {
                    "cluster_logging": [*logs("api", "audit")["logging"]["cluster_logging"], {"types": ["scheduler"]}]
                }
            },
            [],
            id="a log type that is off is off",
        ),
        pytest.param(logs("api"), [(CONFIG, sent_logs("api"))], id="a log type less"),
        pytest.param({"logging": {"cluster_logging": []}}, [(CONFIG, sent_logs())], id="no logs"),
        pytest.param(logs(*sorted(LOG_TYPES)), [(CONFIG, sent_logs(*sorted(LOG_TYPES)))], id="all logs"),
        pytest.param({"version": "1.32"}, [], id="same version"),
        pytest.param({"version": "1.33"}, [("UpdateClusterVersion", {"version": "1.33"})], id="next version"),
        pytest.param(
            {"encryption_config": KEY}, [("AssociateEncryptionConfig", {"encryption_config": KEY})], id="encrypted"
        ),
        pytest.param({"encryption_config": []}, [], id="not encrypted as it is"),
        pytest.param(
            {"access_config": {"authentication_mode": "API"}},
            [(CONFIG, {"access_config": {"authentication_mode": "API"}})],
            id="authentication mode forward",
        ),
        pytest.param({"bootstrap_self_managed_addons": False}, [], id="never told by Describe"),
        pytest.param(
            {"remote_network_config": {"remote_pod_networks": [{"cidrs": ["10.2.0.0/16"]}]}},
            [
                (
                    CONFIG,
                    {
                        "remote_network_config": {
                            "remote_node_networks": [{"cidrs": ["10.1.0.0/16"]}],
                            "remote_pod_networks": [{"cidrs": ["10.2.0.0/16"]}],
                        }
                    },
                )
            ],
            id="pod networks, node networks along",
        ),
        pytest.param(
            {"kube_api_server_config": {"event_ttl": "1h"}},
            [(CONFIG, {"kube_api_server_config": {"event_ttl": "1h", "service_node_port_range": RANGE}})],
            id="component, its other settings along",
        ),
        pytest.param({"zonal_shift_config": {"enabled": False}}, [], id="off as it is"),
        pytest.param(
            {"version": "1.33", "deletion_protection": True, "upgrade_policy": {"support_type": "STANDARD"}},
            [
                (CONFIG, {"deletion_protection": True}),
                (CONFIG, {"upgrade_policy": {"support_type": "STANDARD"}}),
                ("UpdateClusterVersion", {"version": "1.33"}),
            ],
            id="one call a kind, in order",
        ),
    ],
)
def test_update(values: Values, calls: list[tuple[str, Values]]) -> None:
    assert plan(values) == calls


def auto_mode(enabled: bool, **compute: Any) -> Values:
    return {
        "compute_config": {"enabled": enabled, **compute},
        "kubernetes_network_config": {"elastic_load_balancing": {"enabled": enabled}},
        "storage_config": {"block_storage": {"enabled": enabled}},
    }


POOLS = {"node_pools": ["system"], "node_role_arn": ROLE}


@pytest.mark.parametrize(
    ("values", "observed", "calls"),
    [
        ({"compute_config": {"enabled": True, **POOLS}}, {}, [(CONFIG, auto_mode(True, **POOLS))]),
        ({"compute_config": {"enabled": False}}, auto_mode(True, **POOLS), [(CONFIG, auto_mode(False))]),
        ({"compute_config": {"enabled": True}}, auto_mode(True, **POOLS), []),
        ({"compute_config": {"enabled": False}}, {}, []),
        (
            {"compute_config": {"node_pools": ["system", "general-purpose"]}},
            auto_mode(True, **POOLS),
            [(CONFIG, auto_mode(True, node_pools=["system", "general-purpose"], node_role_arn=ROLE))],
        ),
    ],
    ids=["on", "off", "on as it is", "off as it is", "node pools"],
)
def test_auto_mode_is_sent_whole(values: Values, observed: Values, calls: list[tuple[str, Values]]) -> None:
    assert plan(values, observed) == calls


def test_auto_mode_details_mean_nothing_when_it_is_off() -> None:
    """There is nothing to send, so a run must not find the same thing to do again and again."""
    assert plan({"compute_config": {"enabled": False, **POOLS}}, auto_mode(False)) == []


@pytest.mark.parametrize("compute", [{"node_pools": ["system"]}, {"node_role_arn": ROLE}])
def test_auto_mode_details_need_auto_mode(compute: Values) -> None:
    with pytest.raises(Refused, match=r"compute_config: found node_.*compute_config\.enabled: true"):
        plan({"compute_config": compute}, auto_mode(False))


@pytest.mark.parametrize(
    ("path", "value", "observed", "complaint"),
    [
        ("role_arn", f"{ROLE}2", {}, f"role_arn: found '{ROLE}', wanted '{ROLE}2', but it cannot be changed"),
        ("version", "1.34", {}, "one minor version at a time: take the path 1.32 -> 1.33 -> 1.34"),
        ("version", "1.31", {}, "not taken back to an older version"),
        ("kubernetes_network_config.ip_family", "ipv6", {}, "kubernetes_network_config.ip_family: found 'ipv4'"),
        ("access_config.authentication_mode", "CONFIG_MAP", {}, "has no way back"),
        ("encryption_config", [], {"encryption_config": KEY}, "keeps its key and cannot be taken away"),
        ("encryption_config", [{**KEY[0], "provider": {"key_arn": "b"}}], {"encryption_config": KEY}, "keeps its key"),
        (
            "compute_config.node_role_arn",
            f"{ROLE}2",
            auto_mode(True, **POOLS),
            "stays as it was when Auto Mode was enabled",
        ),
        (
            "resources_vpc_config.control_plane_egress_mode",
            "AWS_MANAGED",
            vpc(control_plane_egress_mode="CUSTOMER_ROUTED"),
            "not given back to AWS",
        ),
        ("outpost_config.control_plane_instance_type", "m5.large", {}, "outpost_config.control_plane_instance_type"),
    ],
)
def test_way_that_is_barred_is_refused(path: str, value: Any, observed: Values, complaint: str) -> None:
    values: Values = {"deletion_protection": True}
    graft(values, path, value)
    with pytest.raises(Refused) as refused:
        plan(values, observed)
    assert str(refused.value).startswith("cluster prod: ")
    assert complaint in str(refused.value)
    assert "replace: true" not in str(refused.value)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        (vpc(subnet_ids=["subnet-a"]), "resources_vpc_config.subnet_ids: found 1, wanted at least 2"),
        (vpc(subnet_ids=[]), "resources_vpc_config.subnet_ids: found 0, wanted at least 2"),
        (vpc(subnet_ids=["subnet-a", "subnet-a"]), "resources_vpc_config.subnet_ids: found 1"),
        (vpc(security_group_ids=list("abcdef")), "resources_vpc_config.security_group_ids: found 6, wanted at most 5"),
        (vpc(endpoint_public_access=False), "a cluster needs one endpoint at least"),
        ({"version": "1.3"}, 'write version: "1.30"'),
        ({"role_arn": "cluster"}, "role_arn: found 'cluster', wanted the ARN of an IAM role"),
        (
            {**auto_mode(True), "storage_config": {"block_storage": {"enabled": False}}},
            "takes all three true or all three",
        ),
    ],
)
def test_nonsense_is_refused(values: Values, complaint: str) -> None:
    with pytest.raises(Refused) as refused:
        plan(values)
    assert complaint in str(refused.value)


def test_stillborn_must_be_deleted_first() -> None:
    dead = {"status": "FAILED", "health": {"issues": [{"code": "VpcNotFound", "message": "gone"}]}}
    with pytest.raises(Refused, match=r"found FAILED, wanted ACTIVE.*VpcNotFound: gone.*state: absent"):
        plan({}, dead)


def test_protected_cluster_is_not_deleted() -> None:
    with pytest.raises(Refused, match=r"cluster prod: deletion_protection: found true"):
        absent(CLUSTER, Desired({"name": "prod"}), {**PROD, "deletion_protection": True})


def test_protection_is_lifted_on_request() -> None:
    desired = Desired({"name": "prod"}, {"deletion_protection": False})
    changes = absent(CLUSTER, desired, {**PROD, "deletion_protection": True})
    assert [(change.operation, change.params) for change in changes] == [
        (CONFIG, {"deletion_protection": False}),
        ("DeleteCluster", {}),
    ]
