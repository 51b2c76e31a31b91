# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The user data of each family: what a node is told, in which order, and what is refused."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data import MOST_BYTES, node_config, node_user_data
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_checks import UserDataError
from support.user_data import (
    AUTHORITY,
    CLUSTER,
    bootstrap_words,
    cloud_config,
    kubelet_flags,
    labels,
    node_configs,
    parts,
    powershell,
    settings,
    taints,
    user_data,
)

FAMILIES = ["al2023", "bottlerocket", "ubuntu", "windows"]
WITH_SCRIPTS = ["al2023", "ubuntu"]
NODE_CONFIG = "application/node.eks.aws"
SCRIPT = "#!/bin/sh\necho 'From here' \"$0\"\n"
IPV6 = {
    **CLUSTER,
    "kubernetes_network_config": {"ip_family": "ipv6", "service_ipv6_cidr": "fd30:1c53:5f8a::/108"},
}
LOCAL = {**CLUSTER, "id": "0b5d8c3e-1f2a-4c6b-9d7e-8f9a0b1c2d3e", "outpost_config": {"outpost_arns": ["arn"]}}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The cluster with another value at a path, or without one."""
    head, _dot, rest = path.partition(".")
    return {**CLUSTER, head: {**CLUSTER[head], rest: value} if rest else value}


def test_al2023_says_what_nodeadm_asks_for() -> None:
    assert parts(user_data())[0][0] == NODE_CONFIG
    assert node_configs(user_data()) == [
        {
            "cluster": {
                "name": "prod",
                "apiServerEndpoint": CLUSTER["endpoint"],
                "certificateAuthority": AUTHORITY,
                "cidr": "172.20.0.0/16",
            }
        }
    ]


def test_bottlerocket_says_what_it_asks_for() -> None:
    assert settings(user_data("bottlerocket")) == {
        "kubernetes": {
            "cluster-name": "prod",
            "api-server": CLUSTER["endpoint"],
            "cluster-certificate": AUTHORITY,
            "cluster-dns-ip": "172.20.0.10",
        }
    }


def test_windows_says_what_the_bootstrap_asks_for() -> None:
    assert powershell(user_data("windows")) == (
        [],
        {
            "EKSClusterName": "prod",
            "APIServerEndpoint": CLUSTER["endpoint"],
            "Base64ClusterCA": AUTHORITY,
            "DNSClusterIP": "172.20.0.10",
            "ServiceCIDR": "172.20.0.0/16",
        },
        [],
    )


def test_ubuntu_says_what_the_bootstrap_asks_for() -> None:
    words = [
        "/etc/eks/bootstrap.sh",
        "prod",
        "--apiserver-endpoint",
        CLUSTER["endpoint"],
        "--b64-cluster-ca",
        AUTHORITY,
    ]
    assert bootstrap_words(user_data("ubuntu")) == [*words, "--dns-cluster-ip", "172.20.0.10"]


@pytest.mark.parametrize("family", FAMILIES)
def test_labels_and_taints(family: str) -> None:
    wanted = {"team": "web", "example.com/tier": "", "node.kubernetes.io/pool": "a"}
    given = [{"key": "a", "value": "1", "effect": "NO_SCHEDULE"}, {"key": "a", "effect": "NoExecute"}]
    text = user_data(family, labels=wanted, taints=given)
    assert labels(family, text) == wanted
    assert taints(family, text) == {("a", "1", "NoSchedule"), ("a", "", "NoExecute")}
    assert text == user_data(family, labels=wanted, taints=given)


def test_how_many_pods_and_which_dns() -> None:
    told: dict[str, Any] = {"max_pods": 58, "cluster_dns": ["169.254.20.10"]}
    config = node_configs(user_data(**told))[0]["kubelet"]["config"]
    assert config == {"clusterDNS": ["169.254.20.10"], "maxPods": 58}
    kubernetes = settings(user_data("bottlerocket", **told))["kubernetes"]
    assert (kubernetes["max-pods"], kubernetes["cluster-dns-ip"]) == (58, "169.254.20.10")
    assert powershell(user_data("windows", **told))[1]["KubeletExtraArgs"] == "--max-pods=58"
    assert bootstrap_words(user_data("ubuntu", **told))[-3:] == [
        "169.254.20.10",
        "--kubelet-extra-args",
        "--max-pods=58",
    ]


def test_ipv6() -> None:
    assert node_configs(node_user_data(IPV6))[0]["cluster"]["cidr"] == "fd30:1c53:5f8a::/108"
    assert settings(node_user_data(IPV6, "bottlerocket"))["kubernetes"]["cluster-dns-ip"] == "fd30:1c53:5f8a::a"
    assert bootstrap_words(node_user_data(IPV6, "ubuntu"))[-5:] == [
        "fd30:1c53:5f8a::a",
        "--ip-family",
        "ipv6",
        "--service-ipv6-cidr",
        "fd30:1c53:5f8a::/108",
    ]


def test_a_local_cluster_on_an_outpost() -> None:
    cluster = node_configs(node_user_data(LOCAL))[0]["cluster"]
    assert (cluster["enableOutpost"], cluster["id"]) == (True, LOCAL["id"])


def test_the_last_node_config_wins() -> None:
    """nodeadm merges them in order: what is before ours yields to it, node_config and what is after do not."""
    early = {
        "apiVersion": "node.eks.aws/v1alpha1",
        "kind": "NodeConfig",
        "spec": {"kubelet": {"config": {"maxPods": 1}}},
    }
    late = json.dumps({**early, "spec": {"instance": {"localStorage": {"strategy": "RAID0"}}}})
    cloud = "#cloud-config\npackages: [jq]\n"
    text = user_data(
        kubelet={"maxPods": 2},
        kubelet_flags=["--v=2"],
        node_config={"featureGates": {"FastImagePull": True}, "containerd": {"config": "[plugins]\n"}},
        before=[SCRIPT, {"content_type": NODE_CONFIG, "content": early}],
        after=[{"content_type": NODE_CONFIG, "content": late}, {"content_type": "text/cloud-config", "content": cloud}],
    )
    kinds = [kind.rpartition("/")[2] for kind, _content in parts(text)]
    assert kinds == ["x-shellscript", *["node.eks.aws"] * 4, "cloud-config"]
    assert (parts(text)[0][1], parts(text)[-1][1]) == (SCRIPT, cloud)
    first, ours, more, last = node_configs(text)
    assert (first, last) == (early["spec"], {"instance": {"localStorage": {"strategy": "RAID0"}}})
    assert ours["kubelet"] == {"config": {"maxPods": 2}, "flags": ["--v=2"]}
    assert more == {"containerd": {"config": "[plugins]\n"}, "featureGates": {"FastImagePull": True}}


def test_settings_of_bottlerocket_go_over_ours() -> None:
    given = {
        "kubernetes": {"max-pods": 9, "node-labels": {"a.b/c": "2"}},
        "host-containers": {"admin": {"enabled": True}},
    }
    found = settings(user_data("bottlerocket", labels={"a.b/c": "1", "d": "1"}, max_pods=5, settings=given))
    assert found["kubernetes"]["max-pods"] == 9
    assert found["kubernetes"]["node-labels"] == {"a.b/c": "2", "d": "1"}
    assert found["host-containers"] == {"admin": {"enabled": True}}


def test_commands_around_the_bootstrap_of_windows() -> None:
    before, arguments, after = powershell(
        user_data("windows", before=["Write-Host 'a'\nWrite-Host b"], after=["exit 0\n"], kubelet_flags=["--v=2"])
    )
    assert (before, after) == (["Write-Host 'a'", "Write-Host b"], ["exit 0"])
    assert arguments["KubeletExtraArgs"] == "--v=2"


def test_scripts_around_the_bootstrap_of_ubuntu() -> None:
    text = user_data("ubuntu", before=[SCRIPT], after=["#!/bin/sh\ntrue\n"], kubelet={"maxPods": 3})
    files, commands = cloud_config(text)
    directory = "/etc/eks/user-data"
    assert commands == [[f"{directory}/{name}"] for name in ("before-0", "bootstrap", "after-0")]
    assert files[f"{directory}/before-0"] == SCRIPT
    assert json.loads(files[f"{directory}/kubelet.json"]) == {"maxPods": 3}
    assert "snap restart kubelet-eks" in files[f"{directory}/bootstrap"]
    assert "kubelet-eks" not in user_data("ubuntu")


def test_a_real_shell_reads_the_bootstrap_of_ubuntu() -> None:
    """dash or bash, whatever this machine's sh is: the words arrive whole, and nothing else is run."""
    flag = "--eviction-hard=memory.available<100Mi,nodefs.available<10%"
    files, _commands = cloud_config(user_data("ubuntu", kubelet_flags=[flag], labels={"a": "b"}))
    script = files["/etc/eks/user-data/bootstrap"].replace("/etc/eks/bootstrap.sh", "printf '%s\\n'")
    said = subprocess.run(["sh"], input=script, capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-2:] == ["--kubelet-extra-args", f"--node-labels=a=b {flag}"]
    assert not said.stderr


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        (changed("name", "prod; reboot"), "cluster 'prod; reboot': name is 'prod; reboot'; give the cluster as"),
        (changed("endpoint", None), "cluster 'prod': endpoint is missing; give the cluster as flotilla.eks.cluster"),
        (changed("endpoint", "https://a'b"), 'endpoint is "https://a\'b"'),
        (changed("certificate_authority.data", "MIIB"), "certificate_authority.data is no certificate in PEM form"),
        (changed("kubernetes_network_config.service_ipv4_cidr", None), "service_ipv4_cidr is missing"),
        (changed("kubernetes_network_config.service_ipv4_cidr", "172.20.0.1/16"), "has host bits set; give a network"),
        (changed("kubernetes_network_config.ip_family", "ipv6"), "service_ipv6_cidr is missing"),
        ("prod", "the cluster is 'prod'; give it as flotilla.eks.cluster returns it"),
    ],
)
def test_a_cluster_that_nodes_could_not_join_is_refused(cluster: Any, message: str) -> None:
    with pytest.raises(UserDataError, match=message):
        node_user_data(cluster)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"family": "al2"}, "family: 'al2' is unknown; choose al2023, bottlerocket, ubuntu, windows"),
        (
            {"family": "bottlerocket", "before": [SCRIPT]},
            "before: bottlerocket cannot be told this, only al2023",
        ),
        ({"settings": {"a": 1}}, "settings: al2023 cannot be told this, only bottlerocket"),
        ({"lables": {"a": "b"}}, "lables: there is no such option"),
        (
            {"labels": {"node-role.kubernetes.io/web": ""}},
            "labels: node-role.kubernetes.io/web is not for a kubelet to set",
        ),
        ({"labels": ["a=b"]}, r"labels: \['a=b'\] is no mapping; give each label as key: value"),
        ({"node_config": ["kubelet"]}, "is no mapping"),
        ({"family": "bottlerocket", "settings": {"kubernetes": ["a"]}}, "settings.kubernetes: .* is no mapping"),
        ({"labels": {"k8s.io/a": ""}}, "take another prefix than k8s.io"),
        ({"labels": {"gpu": True}}, "labels: the value of gpu is True, which is no text; quote it"),
        ({"labels": {"a": "b,c=d"}}, "labels: the value of a is 'b,c=d'"),
        ({"labels": {"a=b": "c"}}, "labels: 'a=b' is no key of Kubernetes"),
        ({"labels": {"a": "x" * 64}}, "63 letters"),
        ({"taints": [{"key": "a", "effect": "Never"}]}, "taints: the effect of a is 'Never'; choose NoExecute, "),
        ({"taints": [{"key": "a", "effect": "NoExecute"}] * 2}, "taints: a is there twice with the effect NoExecute"),
        ({"taints": ["a=b:NoSchedule"]}, "'a=b:NoSchedule' is no taint"),
        ({"max_pods": 0}, "max_pods: 0 is no number of pods"),
        ({"cluster_dns": ["dns"]}, "cluster_dns: 'dns' does not appear to be an IPv4 or IPv6 address"),
        ({"family": "windows", "cluster_dns": ["10.0.0.1", "10.0.0.2"]}, "Windows takes one address, but there are 2"),
        ({"kubelet_flags": ["--a=b --c"]}, "kubelet_flags: '--a=b --c' is no flag such as"),
        ({"kubelet_flags": "--a=b"}, "is a text; give a list"),
        ({"kubelet": {"maxPods": 9}, "max_pods": 8}, "kubelet.maxPods: max_pods says the same; give one of them"),
        ({"kubelet": {"a": float("nan")}}, "kubelet.a: nan is nothing that YAML and JSON both know"),
        (
            {"node_config": {"kublet": {}}},
            "node_config: nodeadm knows no kublet there; choose cluster, ",
        ),
        ({"node_config": {"kubelet": {"flags": "--a"}}}, "node_config.kubelet.flags: '--a' is not a list of texts"),
        ({"node_config": {"featureGates": {"FastImagePull": "yes"}}}, "FastImagePull: 'yes' is not true or false"),
        ({"node_config": {"instance": {"localStorage": {"strategy": "RAID5"}}}}, "'RAID5' is unknown; choose RAID0, "),
        ({"node_config": {"instance": {"localStorage": {"disabledMounts": ["Pods"]}}}}, "'Pods'; choose Containerd, "),
        ({"node_config": {"containerd": {"config": "a ="}}}, "containerd.config is not valid TOML"),
        (
            {"node_config": {"cluster": {"cidr": "10.0.0.0"}}, "family": "al2023", "before": "x"},
            "before: this is one part",
        ),
        ({"before": ["echo"]}, r"before\[0\]: a script begins with a line such as #!/bin/sh"),
        ({"after": [{"content": "x"}]}, r"after\[0\]: a part has content_type and content, but this one has content"),
        ({"after": [{"content_type": "a\nb: c", "content": "x"}]}, "is no content type such as text/x-shellscript"),
        ({"after": [{"content_type": NODE_CONFIG, "content": "a: ["}]}, "is not valid YAML"),
        (
            {"after": [{"content_type": NODE_CONFIG, "content": "kind: Node"}]},
            "this is no NodeConfig; it needs apiVersion",
        ),
        ({"family": "windows", "before": ["</PowerShell ><script>"]}, "there is a tag in it that would end the script"),
        ({"family": "ubuntu", "after": ["true"]}, r"after\[0\]: a script begins with"),
        (
            {"family": "bottlerocket", "settings": {"kubernetes": {"api-server": "https://a"}}},
            "settings.kubernetes.api-server: it is the cluster's, and follows from it; leave it out",
        ),
    ],
)
def test_what_would_not_do_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserDataError, match=message):
        user_data(**options)


def test_two_configurations_of_containerd_would_be_none() -> None:
    containerd = {"containerd": {"config": "a = 1"}}
    part = {"apiVersion": "node.eks.aws/v1alpha1", "kind": "NodeConfig", "spec": containerd}
    with pytest.raises(UserDataError, match="of which nodeadm keeps neither; give it in one"):
        user_data(node_config=containerd, after=[{"content_type": NODE_CONFIG, "content": part}])


@pytest.mark.parametrize("family", WITH_SCRIPTS)
def test_the_limit_of_ec2(family: str) -> None:
    room = MOST_BYTES - len(user_data(family, before=["#!"]).encode())
    assert len(user_data(family, before=["#!" + "x" * room]).encode()) == MOST_BYTES
    with pytest.raises(UserDataError, match=f"the user data has {MOST_BYTES + 1} bytes, but EC2 takes {MOST_BYTES}"):
        user_data(family, before=["#!" + "x" * (room + 1)])


def test_flags_add_up() -> None:
    text = user_data("ubuntu", labels={"a": "b"}, kubelet_flags=["--v=2", "--serialize-image-pulls=false"])
    assert list(kubelet_flags("ubuntu", text)) == ["--node-labels=a=b", "--v=2", "--serialize-image-pulls=false"]


def test_a_node_config_is_one_of_user_data_merged_as_nodeadm_would() -> None:
    options: dict[str, Any] = {
        "labels": {"tier": "web"},
        "max_pods": 20,
        "taints": [{"key": "a", "effect": "NoExecute"}],
    }
    (alone,) = node_configs(user_data(**options))
    assert node_config(CLUSTER, **options)["spec"] == alone
    more = {
        "kubelet": {"flags": ["--v=2"], "config": {"maxPods": 9}},
        "instance": {"localStorage": {"strategy": "RAID0"}},
    }
    spec = node_config(CLUSTER, **options, node_config=more)["spec"]
    assert spec["kubelet"]["flags"] == ["--node-labels=tier=web", "--v=2"]
    assert spec["kubelet"]["config"] == {**alone["kubelet"]["config"], "maxPods": 9}
    assert spec["instance"] == more["instance"]
    assert spec["cluster"] == alone["cluster"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"before": ["#!/bin/sh"]}, "before: these are parts of user data, not of a NodeConfig; leave it out"),
        ({"settings": {"a": 1}}, "settings: al2023 cannot be told this, only bottlerocket"),
        ({"node_config": {"kubelt": {}}}, "nodeadm knows no kubelt there"),
        ({"labels": {"node-role.kubernetes.io/web": ""}}, "node-role.kubernetes.io/web"),
    ],
)
def test_a_node_config_is_as_particular_as_user_data(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserDataError, match=re.escape(message)):
        node_config(CLUSTER, **options)
