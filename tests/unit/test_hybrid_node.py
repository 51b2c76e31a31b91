# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is decided for a machine on premises: releases, installations, NodeConfigs, and what goes when it leaves."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.install import (
    ARTIFACTS,
    Installation,
    finished,
    mended,
    reasons,
    source_for,
    tracked,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.leave import LEFT, foreign, leftovers
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.node import (
    BLOTTED,
    activation_problem,
    blotted,
    problems,
    with_secrets,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.release import (
    NoRelease,
    checksum_of,
    is_version,
    matches,
    url_of,
    version_in,
)
from ansible_collections.flotilla.eks.plugins.plugin_utils._hybrid_config import hybrid_node_config
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_checks import UserDataError
from support.authority import Authority

TRACKER = "Artifacts:\n  Containerd: none\n  Kubelet: true\n  Ssm: true\n  IamRolesAnywhere: false\n"
NUMBER, CODE = "1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9", "Ab3/+dEf6hIj9kLm2nOp"
CLUSTER: dict[str, Any] = {
    "name": "prod",
    "arn": "arn:aws:eks:eu-central-1:123456789012:cluster/prod",
    "endpoint": "https://prod.example",
    "certificate_authority": {"data": b64encode(Authority().pem.encode()).decode()},
    "kubernetes_network_config": {"service_ipv4_cidr": "172.20.0.0/16"},
}
ANYWHERE = {"node_name": "edge-1", "trust_anchor_arn": "arn:a", "profile_arn": "arn:p", "role_arn": "arn:r"}


def changed(**members: Any) -> dict[str, Any]:
    """A NodeConfig whose spec differs in some members."""
    made = hybrid_node_config(CLUSTER)
    return {**made, "spec": {**made["spec"], **members}}


def test_where_nodeadm_is() -> None:
    assert url_of("https://mirror.example/", "v1.0.20", "aarch64") == (
        "https://mirror.example/v1.0.20/bin/linux/arm64/nodeadm"
    )
    for version, machine in (("latest", "x86_64"), ("v1.0.20", "s390x"), ("v1.0.20/../..", "x86_64")):
        with pytest.raises(NoRelease):
            url_of("https://mirror.example", version, machine)


@given(st.binary(), st.binary())
def test_a_checksum_stands_for_one_content(content: bytes, other: bytes) -> None:
    for kind in ("sha256", "sha512"):
        digits = hashlib.new(kind, content).hexdigest()
        for text in (digits, f"{kind}:{digits.upper()}", f"{digits}  nodeadm\n"):
            assert matches(content, checksum_of(text))
            assert matches(other, checksum_of(text)) == (other == content)


@pytest.mark.parametrize("text", ["", "<html>", "sha256:12", "sha512:" + "0" * 64, "0" * 63])
def test_what_is_no_checksum(text: str) -> None:
    with pytest.raises(NoRelease):
        checksum_of(text)


def test_versions() -> None:
    assert version_in("Version: v1.0.20\n") == "v1.0.20"
    assert version_in("sh: not found") == ""
    kubelet = "v1.34.1-eks-113cf36"
    assert [is_version(wanted, kubelet) for wanted in ("1.34", "1.34.1", "1.3", "1.34.11", "1.33")] == (
        [True, True, False, False, False]
    )
    assert not is_version("1.34", None)


@pytest.mark.parametrize(
    ("installation", "expected"),
    [
        (Installation("", []), ["nothing is installed"]),
        (Installation(TRACKER, list(ARTIFACTS)), []),
        (Installation("Artifacts: {}\n", []), []),
    ],
)
def test_nodeadm_installs_once(installation: Installation, expected: list[str]) -> None:
    assert reasons(installation, "ssm") == expected


def test_half_an_installation_is_none() -> None:
    found = reasons(Installation("", ["Kubelet"]), "ssm")
    assert len(found) == 1
    assert "was not finished: Kubelet without /opt/nodeadm/tracker" in found[0]


def test_the_credential_provider_stays() -> None:
    with pytest.raises(ValueError, match="is ssm, which nodeadm cannot change to iam_roles_anywhere"):
        reasons(Installation(TRACKER, []), "iam_roles_anywhere")


@pytest.mark.parametrize(
    ("before", "source", "expected"),
    [(False, "distro", "distro"), (True, "distro", "none"), (None, "distro", "none"), (False, "none", "none")],
)
def test_a_containerd_of_nodeadm_stays_its_own(before: bool | None, source: str, expected: str) -> None:
    text = mended(Installation(TRACKER, [], before), source)
    assert tracked(text) == {**tracked(TRACKER), "containerd": expected}
    assert mended(Installation(text, [], before), source) == text


@given(st.lists(st.sampled_from(list(ARTIFACTS)), unique=True), st.sampled_from([True, False, None]))
def test_what_was_not_finished_can_be_uninstalled(artifacts: list[str], before: bool | None) -> None:
    said = tracked(finished(Installation("", artifacts, before), "distro"))
    assert {name for name, value in said.items() if value == "true"} == {name.lower() for name in artifacts}
    assert said["containerd"] == ("distro" if before is False else "none")


def test_where_containerd_comes_from() -> None:
    assert [source_for(system) for system in ("ubuntu", "amzn", "rhel")] == ["distro", "distro", "docker"]


def test_a_node_config_holds_all_that_nodeadm_would_ask_for() -> None:
    made = hybrid_node_config(CLUSTER, labels={"site": "north"}, kubelet={"maxPods": 50}, containerd="a = 1")
    spec = made["spec"]
    assert spec["cluster"].keys() == {"name", "region", "apiServerEndpoint", "certificateAuthority", "cidr"}
    assert (spec["cluster"]["region"], spec["hybrid"]) == ("eu-central-1", {"ssm": {}})
    assert spec["kubelet"] == {"config": {"maxPods": 50}, "flags": ["--node-labels=site=north"]}
    assert hybrid_node_config(CLUSTER, iam_roles_anywhere=ANYWHERE)["spec"]["hybrid"] == {
        "iamRolesAnywhere": {
            "nodeName": "edge-1",
            "trustAnchorArn": "arn:a",
            "profileArn": "arn:p",
            "roleArn": "arn:r",
        }
    }


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"kubelet_flags": ["--hostname-override=edge"]}, "nodeadm refuses --hostname-override=edge"),
        ({"containerd": "a ="}, "containerd is not valid TOML"),
        ({"iam_roles_anywhere": {"node_name": "edge-1"}}, "trustAnchorArn is missing"),
        ({"iam_roles_anywhere": {**ANYWHERE, "node_name": "e" * 65}}, "longer than 64 bytes"),
        ({"iam_roles_anywhere": {**ANYWHERE, "nodename": "e"}}, "nodename is unknown"),
    ],
)
def test_what_nodeadm_would_refuse(options: dict[str, Any], text: str) -> None:
    with pytest.raises(UserDataError, match=text):
        hybrid_node_config(CLUSTER, **options)


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({}, "no NodeConfig"),
        (changed(featureGates={}), "nodeadm knows no featureGates there"),
        (changed(cluster={"name": "prod"}), "spec.cluster.region is missing"),
        (changed(hybrid={}), "one of ssm and iamRolesAnywhere"),
        (changed(hybrid={"ssm": {}, "iamRolesAnywhere": {}}), "one of ssm and iamRolesAnywhere"),
        (changed(hybrid={"ssm": {"activationCode": CODE}}), "no place for an activation"),
    ],
)
def test_what_is_no_node_config_without_secrets(config: dict[str, Any], text: str) -> None:
    found = "; ".join(problems(config))
    assert text in found
    assert CODE not in found


def test_an_activation_is_in_what_nodeadm_reads_alone() -> None:
    config = hybrid_node_config(CLUSTER)
    read = json.loads(with_secrets(config, NUMBER, CODE))
    assert read["spec"]["hybrid"]["ssm"] == {"activationId": NUMBER, "activationCode": CODE}
    assert CODE not in json.dumps(config)
    stands = json.loads(with_secrets(config, "", ""))["spec"]["hybrid"]["ssm"]
    assert activation_problem(stands["activationId"], stands["activationCode"]) == ""
    anywhere = hybrid_node_config(CLUSTER, iam_roles_anywhere=ANYWHERE)
    assert json.loads(with_secrets(anywhere, "", "")) == anywhere


def test_what_is_no_activation_is_told_without_its_code() -> None:
    assert activation_problem(NUMBER, CODE) == ""
    assert "'1'" in activation_problem("1", CODE)
    assert "short" not in activation_problem(NUMBER, "short")


@given(st.text(min_size=20, max_size=60), st.text(), st.text())
def test_no_secret_is_told(secret: str, before: str, after: str) -> None:
    for said in (before + secret + after, json.dumps({"error": before + secret + after})):
        told = blotted(said, secret)
        assert secret not in told.replace(BLOTTED, "")
        assert json.dumps(secret)[1:-1] not in told.replace(BLOTTED, "")
    assert blotted(before, "") == before


def test_what_is_somebody_elses() -> None:
    own = {
        "/root/.aws": ["credentials"],
        "/etc/amazon": ["ssm", "ssm/amazon-ssm-agent.json"],
        "/etc/kubernetes": ["pki", "pki/ca.crt", "kubelet", "kubelet/config.json"],
        "/opt/cni": ["bin", "bin/loopback"],
    }
    assert foreign(own, ["default"], ssm=True) == []
    more = {**own, "/root/.aws": ["credentials", "sso"], "/etc/kubernetes": ["pki", "pki/etcd", "manifests/x.yaml"]}
    assert foreign(more, ["default", "backup"], ssm=True) == [
        "/root/.aws/sso",
        "/etc/kubernetes/manifests/x.yaml",
        "/etc/kubernetes/pki/etcd",
        "the profile backup in /root/.aws",
    ]
    assert foreign({"/root/.aws": ["sso"]}, ["backup"], ssm=False) == []


def test_what_is_left_goes_unless_it_is_in_use() -> None:
    assert leftovers(LEFT, [], containerd_stays=False) == (list(LEFT), [])
    mounts = ["/", "/var/lib/kubelet/pods/1/volumes/data", "/var/lib/containerdx"]
    gone, stay = leftovers(LEFT, mounts, containerd_stays=True)
    assert stay == ["/var/lib/kubelet", "/var/lib/containerd", "/etc/modules-load.d/containerd.conf"]
    assert sorted([*gone, *stay]) == sorted(LEFT)
