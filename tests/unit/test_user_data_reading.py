# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What user data tells, read back from what we write; and each way to get it wrong, told as what it is."""

from __future__ import annotations

import base64
import gzip
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.module_utils._user_data.reading import read_user_data
from ansible_collections.flotilla.eks.plugins.module_utils._user_data.told import FAMILY_NAMES, Told
from support.user_data import AUTHORITY, CLUSTER, user_data

FAMILIES = ["al2023", "bottlerocket", "ubuntu", "windows"]
PEM = base64.b64decode(AUTHORITY).decode()
CONFIG = f"""\
apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  cluster:
    name: prod
    apiServerEndpoint: {CLUSTER["endpoint"]}
    certificateAuthority: {AUTHORITY}
    cidr: 172.20.0.0/16
"""
MIME = f"""\
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="//"

--//
Content-Type: application/node.eks.aws

{CONFIG}
--//--
"""
BOOTSTRAP = """\
#!/bin/bash
set -o xtrace
# /etc/eks/bootstrap.sh another
/etc/eks/bootstrap.sh prod \\
  --apiserver-endpoint "$ENDPOINT" --dns-cluster-ip 172.20.0.10 \\
  --kubelet-extra-args '--node-labels=a=b,c=d --register-with-taints=e=f:NoSchedule --max-pods=17'
"""
POWERSHELL = r"""
<powershell>
[string]$EKSBootstrapScriptFile = "$env:ProgramFiles\Amazon\EKS\Start-EKSBootstrap.ps1"
& $EKSBootstrapScriptFile -EKSClusterName "prod" -APIServerEndpoint $endpoint -ServiceCIDR 172.20.0.0/16 3>&1
</powershell>
"""
NAMES = st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,20}[a-z0-9])?", fullmatch=True)


def read(text: str, family: str = "al2023") -> Told:
    return read_user_data(text.encode(), family)


def wrong(told: Told) -> list[tuple[str, str]]:
    return [(problem.about, problem.text) for problem in told.problems]


@pytest.mark.parametrize("family", FAMILIES)
@given(
    labels=st.dictionaries(NAMES, NAMES, max_size=4),
    taints=st.dictionaries(NAMES, NAMES, max_size=3),
    max_pods=st.none() | st.integers(1, 250),
)
def test_what_we_write_is_read_without_a_problem(
    family: str, labels: dict[str, str], taints: dict[str, str], max_pods: int | None
) -> None:
    wanted = [{"key": key, "value": value, "effect": "NoSchedule"} for key, value in taints.items()]
    told = read(user_data(family, labels=labels, taints=wanted, max_pods=max_pods), family)
    assert told == read(user_data(family, labels=labels, taints=wanted, max_pods=max_pods), "")
    assert told.problems == ()
    assert (told.family, told.cluster_name, told.endpoint) == (family, "prod", CLUSTER["endpoint"])
    assert told.authority == AUTHORITY
    assert told.service_cidr == "172.20.0.0/16" or told.cluster_dns == ("172.20.0.10",)
    assert told.labels == labels
    assert sorted(told.taints, key=lambda one: one["key"]) == sorted(wanted, key=lambda one: one["key"])
    assert told.max_pods == max_pods


@pytest.mark.parametrize("family", ["", *FAMILY_NAMES])
@given(data=st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_nothing_makes_it_fail(family: str, data: bytes) -> None:
    for start in (b"", b"MIME-Version: 1.0\n", b"<powershell>Start-EKSBootstrap.ps1", b"[settings]\n", CONFIG.encode()):
        read_user_data(start + data, family)


@pytest.mark.parametrize("wrapped", [gzip.compress(MIME.encode()), base64.b64encode(MIME.encode()), CONFIG.encode()])
def test_forms_that_nodeadm_takes(wrapped: bytes) -> None:
    told = read_user_data(wrapped, "al2023")
    assert (told.cluster_name, told.service_cidr, told.problems) == ("prod", "172.20.0.0/16", ())
    assert read(MIME.replace("\n", "\r\n")).problems == ()


def test_scripts_of_others() -> None:
    told = read(BOOTSTRAP, "ubuntu")
    assert (told.family, told.cluster_name, told.endpoint, told.problems) == ("al2", "prod", "", ())
    assert told.cluster_dns == ("172.20.0.10",)
    assert told.labels == {"a": "b", "c": "d"}
    assert told.taints == ({"key": "e", "value": "f", "effect": "NoSchedule"},)
    assert told.max_pods == 17
    told = read(POWERSHELL, "windows")
    assert (told.cluster_name, told.endpoint, told.service_cidr) == ("prod", "", "172.20.0.0/16")
    assert told.problems == ()


@pytest.mark.parametrize(
    ("text", "about", "words"),
    [
        ("", "form", "there is no user data"),
        ("\n" + MIME, "form", "a blank line stands before its MIME headers"),
        (MIME.replace("--//--", ""), "form", "no closing boundary"),
        (MIME.replace("--//", "--=="), "form", "its boundary does not occur"),
        (MIME.replace("application/node.eks.aws", "text/yaml"), "form", "in a part of text/yaml, which nodeadm skips"),
        (MIME.replace("application/node.eks.aws", "text/x-shellscript").replace(CONFIG, "#!/bin/sh\n"), "form",
         "there is no NodeConfig in it"),
        (CONFIG.replace("v1alpha1", "v1"), "form", "it needs apiVersion: node.eks.aws/v1alpha1"),
        (CONFIG.replace("  cluster:", "  cluster: {"), "form", "neither JSON"),
        (CONFIG.replace("    name: prod\n", ""), "cluster", "spec.cluster.name is missing"),
        (CONFIG.replace("apiServerEndpoint", "apiserverEndpoint"), "cluster",
         "apiServerEndpoint is missing; apiserverEndpoint is there"),
        (CONFIG.replace("    cidr: 172.20.0.0/16\n", ""), "service_cidr", "spec.cluster.cidr is missing"),
        (CONFIG.replace("172.20.0.0/16", "172.20.0.1/16"), "service_cidr", "has host bits set"),
        (CONFIG.replace(AUTHORITY, "|\n      " + PEM.replace("\n", "\n      ")), "authority", "as it is"),
        (CONFIG.replace(AUTHORITY, "bm90aGluZw=="), "authority", "is no certificate"),
        (CONFIG + "  kubelet:\n    flags: --v=2\n", "form", "is not a list of texts"),
        (BOOTSTRAP, "form", "on Amazon Linux 2023 only prints an error"),
        (user_data("bottlerocket"), "form", "it is written for Bottlerocket, but the AMI is of Amazon Linux 2023"),
    ],
)  # fmt: skip
def test_what_nodeadm_rejects(text: str, about: str, words: str) -> None:
    fatal = [problem for problem in read(text).problems if problem.fatal]
    assert fatal[0].about == about
    assert words in fatal[0].text


def test_what_is_dropped_without_a_word_is_not_fatal() -> None:
    (problem,) = read(CONFIG + "  kublet: {}\n").problems
    assert not problem.fatal
    assert "nodeadm knows no kublet there" in problem.text


@pytest.mark.parametrize(
    ("family", "text", "about", "words"),
    [
        ("bottlerocket", "#!/bin/sh\nls\n", "form", "it is no TOML"),
        ("bottlerocket", user_data("bottlerocket").replace("api-server", "api"), "cluster", "api-server is missing"),
        ("bottlerocket", user_data("bottlerocket").replace(AUTHORITY, "x"), "authority", "is no certificate"),
        ("windows", POWERSHELL.replace("</powershell>", ""), "form", "there is no </powershell>"),
        ("windows", POWERSHELL.replace("Start-EKS", "Start-"), "form", "does not call Start-EKSBootstrap.ps1"),
        ("windows", POWERSHELL.replace("-EKSClusterName", "-Cluster"), "cluster", "without -EKSClusterName"),
        ("ubuntu", "#cloud-config\nruncmd: [ls]\n", "form", "no script in it calls /etc/eks/bootstrap.sh"),
        ("ubuntu", "#!/bin/sh\n/etc/eks/bootstrap.sh 'prod\n", "form", "is no shell's"),
        ("ubuntu", "#!/bin/sh\n/etc/eks/bootstrap.sh --b64-cluster-ca x\n", "cluster", "without the name"),
    ],
)
def test_what_others_reject(family: str, text: str, about: str, words: str) -> None:
    assert wrong(read(text, family))[0][0] == about
    assert words in wrong(read(text, family))[0][1]


def test_the_last_node_config_wins() -> None:
    more: dict[str, Any] = {"kubelet": {"config": {"maxPods": 9}}}
    told = read(user_data(node_config=more, max_pods=20))
    assert (told.cluster_name, told.max_pods, told.problems) == ("prod", 9, ())
