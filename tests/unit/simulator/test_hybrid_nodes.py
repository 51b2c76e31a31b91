# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts outside of AWS join a cluster with the credentials of Systems Manager, if the cluster lets them in."""

from __future__ import annotations

import base64
import json
import ssl
import urllib.error
import urllib.request
from typing import Any

import pytest
from unit.simulator.account import Account

from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.token import make_token
from eks_simulator.kubernetes.controllers.network_plugins import COMPUTE_TYPE

READS = {"Effect": "Allow", "Action": ["eks:DescribeCluster", "eks:ListAccessEntries"], "Resource": "*"}
NETWORKS = {"remoteNodeNetworks": [{"cidrs": ["10.80.0.0/16"]}]}


@pytest.fixture(scope="module")
def cluster(built_account: Account) -> str:
    """A cluster with remote networks that lets the role of hosts in."""
    name = built_account.cluster(
        version="1.34", accessConfig={"authenticationMode": "API"}, remoteNetworkConfig=NETWORKS
    )
    role = built_account.roles["connector"]
    built_account.eks.create_access_entry(clusterName=name, principalArn=role, type="HYBRID_LINUX")
    document = json.dumps({"Version": "2012-10-17", "Statement": [READS]})
    own = {"RoleName": role.rpartition("/")[2], "PolicyName": "eks"}
    built_account.iam.put_role_policy(**own, PolicyDocument=document)
    return name


@pytest.fixture
def host(account: Account) -> dict[str, Any]:
    """One that has registered with Systems Manager."""
    role = account.roles["connector"].rpartition("/")[2]
    made = account.client("ssm").create_activation(IamRole=role)
    code = {"activation_id": made["ActivationId"], "activation_code": made["ActivationCode"]}
    return account.sim.register_host(**code)


def asked(account: Account, host: dict[str, Any], cluster: str, **more: Any) -> dict[str, Any]:
    keys = account.sim.host_credentials(host)
    return {**keys, "cluster": cluster, "region": account.region, "ip_address": "10.80.0.5", **more}


def turned_away(account: Account, **given: Any) -> str:
    with pytest.raises(ValueError, match=r".") as refused:
        account.sim.join_node(**given)
    return str(refused.value)


def test_a_registered_host_becomes_a_node(account: Account, host: dict[str, Any], cluster: str) -> None:
    name = account.sim.join_node(**asked(account, host, cluster, labels={"site": "north"}))
    assert name == host["instance_id"]
    assert account.sim.join_node(**asked(account, host, cluster)) == name


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (
            {"ip_address": "10.90.0.5"},
            "node IP 10.90.0.5 is not in any of the remote network CIDR blocks: 10.80.0.0/16",
        ),
        ({"version": "1.35"}, "kubelet version 1.35 is not supported by a control plane of 1.34"),
        ({"version": "v1.30.4"}, "kubelet version v1.30.4 is not supported"),
        ({"secret_access_key": "x"}, "The security token included in the request is invalid."),
        ({"cluster": "none"}, "No cluster found for name: none."),
        ({"colour": "red"}, "unknown members: colour"),
    ],
)
def test_a_host_that_does_not_fit_is_turned_away(
    account: Account, host: dict[str, Any], cluster: str, given: dict[str, Any], reason: str
) -> None:
    assert reason in turned_away(account, **{**asked(account, host, cluster), **given})


def test_a_cluster_without_an_entry_or_networks_lets_nobody_in(account: Account, host: dict[str, Any]) -> None:
    bare = account.cluster(accessConfig={"authenticationMode": "API"})
    assert "has no remote node networks" in turned_away(account, **asked(account, host, bare))
    closed = account.cluster(accessConfig={"authenticationMode": "API"}, remoteNetworkConfig=NETWORKS)
    assert "Unauthorized" in turned_away(account, **asked(account, host, closed))
    role = account.roles["connector"]
    account.eks.create_access_entry(clusterName=closed, principalArn=role, username="anna")
    assert "Forbidden: anna is not the node" in turned_away(account, **asked(account, host, closed))


def test_a_role_must_be_allowed_to_read_the_cluster(account: Account, host: dict[str, Any], cluster: str) -> None:
    role = account.roles["connector"].rpartition("/")[2]
    one = {**READS, "Action": "eks:DescribeCluster"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [one]})
    account.iam.put_role_policy(RoleName=role, PolicyName="eks", PolicyDocument=document)
    assert "is not authorized to perform: eks:ListAccessEntries" in turned_away(
        account, **asked(account, host, cluster)
    )
    document = json.dumps({"Version": "2012-10-17", "Statement": [READS]})
    account.iam.put_role_policy(RoleName=role, PolicyName="eks", PolicyDocument=document)


def test_a_deregistered_host_gets_no_credentials(account: Account, host: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="The key is not that of the agent"):
        account.sim.host_credentials({**host, "agent_key": "x"})
    account.client("ssm").deregister_managed_instance(InstanceId=host["instance_id"])
    with pytest.raises(ValueError, match="is not registered"):
        account.sim.host_credentials(host)


def test_an_agent_that_falls_silent_is_seen_until_it_comes_back(account: Account, host: dict[str, Any]) -> None:
    wanted = [{"Key": "InstanceIds", "Values": [host["instance_id"]]}]

    def status() -> str:
        [found] = account.client("ssm").describe_instance_information(Filters=wanted)["InstanceInformationList"]
        return str(found["PingStatus"])

    account.sim.silence_host(host["instance_id"])
    assert status() == "ConnectionLost"
    account.sim.host_credentials(host)
    assert status() == "Online"


def test_a_kubelet_of_its_own_makes_its_node_and_no_other(account: Account, host: dict[str, Any], cluster: str) -> None:
    """With nothing but the credentials of the host, as a real machine does."""
    keys = account.sim.host_credentials(host)
    signing = {
        "aws_access_key_id": keys["access_key_id"],
        "aws_secret_access_key": keys["secret_access_key"],
        "aws_session_token": keys["session_token"],
    }
    token = make_token(account.client("sts", **signing), cluster)
    described = account.describe(cluster)
    authority = base64.b64decode(described["certificateAuthority"]["data"]).decode()

    def create(name: str, label: str = COMPUTE_TYPE) -> int:
        metadata = {"name": name, "labels": {label: "hybrid"}}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": metadata}
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        url = f"{described['endpoint']}/api/v1/nodes"
        request = urllib.request.Request(url, json.dumps(node).encode(), headers, method="POST")
        try:
            with urllib.request.urlopen(request, context=ssl.create_default_context(cadata=authority)) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code

    assert create("another") == 403
    assert create(host["instance_id"], "node-restriction.kubernetes.io/x") == 403
    assert create(host["instance_id"]) == 201
