# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints of clusters: who gets in, and that they live and die with their cluster."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from unit.simulator.account import LONG, Account
from unit.simulator.kubectl import Kubectl

ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


@pytest.fixture
def kubectl(account: Account, standing_cluster: str, tmp_path: Path) -> Kubectl:
    """As the creator of the standing cluster."""
    return Kubectl(account, standing_cluster, tmp_path)


def assumed(account: Account, role: str) -> dict[str, str]:
    """The keys of a session of a role."""
    arn = account.role(account.name(role), "arn:aws:iam::123456789012:root")
    account.sim.advance(60)  # IAM's news have to reach EKS
    keys = account.client("sts").assume_role(RoleArn=arn, RoleSessionName="ada@example.com")["Credentials"]
    return {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }


def answers(endpoint: str) -> bool:
    """Whether the endpoint says a word when a client greets it. (kubectl would try again for seconds.)"""
    address, words = urlsplit(endpoint), ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), words, server_hostname=address.hostname).do_handshake()
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(words.read())
        try:
            return bool(connection.recv(1))
        except ConnectionError:
            return False


def test_the_creator_is_administrator_of_a_new_cluster(kubectl: Kubectl) -> None:
    namespaces = {one["metadata"]["name"] for one in kubectl.objects("namespaces")}
    assert namespaces >= {"default", "kube-node-lease", "kube-public", "kube-system"}
    assert 'nodes "none" not found' in kubectl("delete", "node", "none").stderr


def test_access_is_denied_before_and_granted_by_an_entry_and_its_policies(
    account: Account, standing_cluster: str, tmp_path: Path
) -> None:
    keys = assumed(account, "ops")
    kubectl = Kubectl(account, standing_cluster, tmp_path, keys)
    principal = account.client("sts", **keys).get_caller_identity()["Arn"]
    role = f"arn:aws:iam::123456789012:role/{principal.split('/')[1]}"
    assert "must be logged in to the server" in kubectl("get", "pods").stderr
    account.eks.create_access_entry(clusterName=standing_cluster, principalArn=role)
    session = f"{principal.rpartition('/')[0]}/ada-example.com"
    refused = f'User "{session}" cannot list resource "pods" in API group "" in the namespace "default"'
    assert refused in kubectl("get", "pods").stderr
    scope = {"type": "namespace", "namespaces": ["default"]}
    named = {"clusterName": standing_cluster, "principalArn": role}
    account.eks.associate_access_policy(**named, policyArn=VIEW, accessScope=scope)
    assert kubectl.said("get", "pods") == ""
    assert "at the cluster scope" in kubectl("get", "nodes").stderr
    account.eks.disassociate_access_policy(**named, policyArn=VIEW)
    assert refused in kubectl("get", "pods").stderr


def test_a_secret_that_is_not_the_keys_does_not_get_in(account: Account, standing_cluster: str, tmp_path: Path) -> None:
    keys = {"aws_secret_access_key": "0" * 40}
    kubectl = Kubectl(account, standing_cluster, tmp_path, keys)
    assert "must be logged in to the server" in kubectl("get", "nodes").stderr
    last = kubectl.requests()[-1]
    assert (last["status"], last["error"]) == (401, "Unauthorized")
    assert last["why"].startswith("the signature is not of the key AKIA")


def test_temporary_keys_do_not_get_in_with_the_token_of_another_session(
    account: Account, standing_cluster: str, tmp_path: Path
) -> None:
    mine, other = assumed(account, "mine"), assumed(account, "other")
    kubectl = Kubectl(account, standing_cluster, tmp_path, {**mine, "aws_session_token": other["aws_session_token"]})
    assert "must be logged in to the server" in kubectl("get", "nodes").stderr
    assert kubectl.requests()[-1]["why"] == "the security token included in the request is invalid"


def test_requests_are_in_the_ledger_without_what_they_carry(kubectl: Kubectl) -> None:
    since = kubectl.account.sim.ledger()[-1]["n"]
    file = kubectl.home / "settings.json"
    metadata = {"name": "settings", "namespace": "default"}
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"password": "hush-hush"}}
    file.write_text(json.dumps(settings))
    kubectl.said("create", "-f", str(file), "--dry-run=server")
    kubectl.said("create", "-f", str(file))
    kubectl("create", "-f", str(file))
    calls = [call for call in kubectl.requests(since) if call["operation"] == "create configmaps"]
    assert [(call["write"], call["status"], call["error"]) for call in calls] == [
        (False, 201, None),
        (True, 201, None),
        (True, 409, "AlreadyExists"),
    ]
    assert calls[1]["parameters"] == {"cluster": kubectl.cluster, "namespace": "default", "name": "settings"}
    assert "hush-hush" not in json.dumps(kubectl.requests(since))
    assert "k8s-aws-v1" not in json.dumps(kubectl.requests(since))


def test_faults_strike_requests(kubectl: Kubectl) -> None:
    sim = kubectl.account.sim
    sim.fault(operation="kubernetes:list nodes", error="InternalError", status=500, message="Not today.")
    assert "Not today." in kubectl("get", "nodes").stderr
    assert kubectl.requests()[-1]["fault"]
    sim.clear_faults()
    assert kubectl("get", "nodes").returncode == 0


def test_an_endpoint_is_reached_from_where_its_access_allows(account: Account) -> None:
    guarded = account.cluster({"endpointPublicAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]})
    private = account.cluster({"endpointPublicAccess": False, "endpointPrivateAccess": True})

    def reached(vantage: str) -> list[bool]:
        account.sim.look_from(vantage)
        return [answers(account.describe(cluster)["endpoint"]) for cluster in (guarded, private)]

    found = {vantage: reached(vantage) for vantage in ("203.0.113.7", "198.51.100.7", "vpc")}
    assert found == {"203.0.113.7": [True, False], "198.51.100.7": [False, False], "vpc": [False, True]}
    with pytest.raises(ValueError, match="does not appear to be an IPv4 or IPv6 address"):
        account.sim.look_from("office")


def test_the_endpoint_follows_its_cluster(account: Account, tmp_path: Path) -> None:
    cluster = account.cluster()
    before = account.describe(cluster)
    kubectl = Kubectl(account, cluster, tmp_path)
    assert json.loads(kubectl.said("version", "-o", "json"))["serverVersion"]["minor"].startswith("33")
    account.eks.update_cluster_version(name=cluster, version="1.34")
    account.sim.advance(LONG)
    assert json.loads(kubectl.said("version", "-o", "json"))["serverVersion"]["minor"].startswith("34")
    successor = account.eks.create_certificate_authority(clusterName=cluster)["certificateAuthority"]["id"]
    account.sim.advance(LONG)
    account.eks.activate_certificate_authority(clusterName=cluster, certificateAuthorityId=successor)
    account.sim.advance(LONG)
    after = account.describe(cluster)
    assert "certificate signed by unknown authority" in replace(kubectl, described=before)("get", "nodes").stderr
    kubectl.said("get", "nodes")
    account.eks.delete_cluster(name=cluster)
    account.sim.advance(LONG)
    account.eks.list_clusters()
    assert replace(kubectl, described=after)("get", "nodes").returncode == 1
