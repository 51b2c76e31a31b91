# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User data is read as the bootstrap of each AMI reads it: what this collection and others write, and nothing wrong."""

from __future__ import annotations

import base64
import gzip
import json
from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data import node_user_data
from eks_simulator.nodes.bootstrap import Bootstrap, Rejected, bootstrap
from eks_simulator.nodes.bootstrap.al2023 import al2023
from eks_simulator.nodes.bootstrap.bottlerocket import bottlerocket
from eks_simulator.nodes.bootstrap.cloud_init import ubuntu
from eks_simulator.nodes.bootstrap.max_pods import evaluated
from eks_simulator.nodes.bootstrap.windows import windows
from support.user_data import AUTHORITY, CLUSTER

UNKNOWN = "ami-0123456789abcdef0"
ENDPOINT: str = CLUSTER["endpoint"]
OF_THE_CLUSTER = {
    "name": "prod",
    "apiServerEndpoint": ENDPOINT,
    "certificateAuthority": AUTHORITY,
    "cidr": "172.20.0.0/16",
}
FAMILIES = ("al2023", "bottlerocket", "ubuntu", "windows")
TAINT = {"key": "team", "value": "a", "effect": "NoSchedule"}
BARE_TAINT = {"key": "example.com/gpu", "effect": "NoExecute"}


def written(family: str, **options: Any) -> Bootstrap:
    """What an instance makes of the user data that this collection writes."""
    return told(node_user_data(CLUSTER, family, **options))


def told(user_data: str | bytes) -> Bootstrap:
    data = user_data.encode() if isinstance(user_data, str) else user_data
    found = bootstrap(UNKNOWN, data)
    assert found is not None
    return found


def node_config(spec: dict[str, Any] | None = None, **members: Any) -> str:
    """A NodeConfig; `members` go over its cluster's."""
    cluster = {name: value for name, value in {**OF_THE_CLUSTER, **members}.items() if value is not None}
    whole = {"cluster": cluster, **(spec or {})}
    return yaml.safe_dump({"apiVersion": "node.eks.aws/v1alpha1", "kind": "NodeConfig", "spec": whole})


def mime(*parts: str, kind: str = "application/node.eks.aws", end: str = "--//--\n") -> str:
    head = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="//"\n\n'
    return head + "".join(f"--//\nContent-Type: {kind}\n\n{part}\n" for part in parts) + end


def rejected(reader: Any, user_data: str | bytes) -> str:
    with pytest.raises(Rejected) as caught:
        reader(user_data.encode() if isinstance(user_data, str) else user_data)
    assert caught.value.final
    return str(caught.value)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_the_collection_writes_is_what_the_kubelet_is_told(family: str) -> None:
    found = written(family, labels={"team": "a", "example.com/x": ""}, taints=[TAINT, BARE_TAINT], max_pods=17)
    assert (found.family, found.cluster, found.endpoint, found.authority) == (family, "prod", ENDPOINT, AUTHORITY)
    assert found.dns == ("172.20.0.10",)
    assert found.kubelet.labels == {"team": "a", "example.com/x": ""}
    assert sorted(found.kubelet.taints, key=str) == sorted([TAINT, BARE_TAINT], key=str)
    assert found.kubelet.max_pods == 17


NAMES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?", fullmatch=True)
KEYS = st.one_of(NAMES, st.tuples(st.sampled_from(["example.com", "node.kubernetes.io"]), NAMES).map("/".join))


@given(family=st.sampled_from(FAMILIES), labels=st.dictionaries(KEYS, st.one_of(st.just(""), NAMES), max_size=4))
def test_every_label_arrives_as_it_was_written(family: str, labels: dict[str, str]) -> None:
    assert written(family, labels=labels).kubelet.labels == labels


@given(key=st.text(max_size=12), value=st.text(max_size=12))
def test_hostile_labels_are_other_labels_at_worst_and_never_break_a_reader(key: str, value: str) -> None:
    """Whoever writes user data without care: a kubelet starts with valid labels, or not at all."""
    flag = f"--node-labels={key}={value}"
    texts = [
        (al2023, node_config({"kubelet": {"flags": [flag]}})),
        (ubuntu, f"#!/bin/bash\n/etc/eks/bootstrap.sh prod --kubelet-extra-args '{flag}'\n"),
        (
            bottlerocket,
            f'[settings.kubernetes]\ncluster-name = "prod"\n[settings.kubernetes.node-labels]\n"{key}"="{value}"',
        ),
        (
            windows,
            f"<powershell>\n& Start-EKSBootstrap.ps1 -EKSClusterName prod -KubeletExtraArgs '{flag}'\n</powershell>",
        ),
    ]
    for reader, text in texts:
        try:
            found = reader(text.encode(errors="replace"))
        except Rejected:
            continue
        for one, its_value in (found.kubelet.labels if found else {}).items():
            assert one.isascii()
            assert its_value.isascii()
            assert not set(one + its_value) & set(" ='\"\n,;$`")


@given(data=st.binary(max_size=200))
def test_no_user_data_breaks_a_reader(data: bytes) -> None:
    for reader in (al2023, bottlerocket, ubuntu, windows):
        with suppress(Rejected):
            reader(data)


@pytest.mark.parametrize(
    "user_data",
    [
        node_config(),
        json.dumps(yaml.safe_load(node_config())),
        mime(node_config()),
        mime(node_config()).replace("\n", "\r\n"),
        mime(base64.b64encode(node_config().encode()).decode()),
        "Content-Type: multipart/mixed; boundary=BOUNDARY\nMIME-Version: 1.0\n\n--BOUNDARY\n"
        f"Content-Transfer-Encoding: 7bit\nContent-Type: application/node.eks.aws\n\n{node_config()}\n"
        "--BOUNDARY--\r\n",
        base64.b64encode(mime(node_config()).encode()),
        gzip.compress(mime(node_config()).encode()),
        node_config(unknown="dropped"),
    ],
)
def test_nodeadm_takes_every_form_of_a_node_config(user_data: str | bytes) -> None:
    found = al2023(user_data.encode() if isinstance(user_data, str) else user_data)
    assert (found.cluster, found.cidr, found.dns) == ("prod", "172.20.0.0/16", ("172.20.0.10",))


def test_nodeadm_merges_node_configs_in_their_order() -> None:
    first = node_config({"kubelet": {"flags": ["--node-labels=a=1,b=1"], "config": {"maxPods": 10}}})
    config = {"maxPods": 20, "clusterDNS": ["10.1.1.1"]}
    second = {"kubelet": {"flags": ["--node-labels=b=2", "--max-pods=30"], "config": config}}
    third = {"featureGates": {"InstanceIdNodeName": True}, "instance": {"localStorage": {"strategy": "RAID0"}}}
    head = {"apiVersion": "node.eks.aws/v1alpha1", "kind": "NodeConfig"}
    parts = [first, *(yaml.safe_dump({**head, "spec": spec}) for spec in (second, third))]
    found = al2023(mime(*parts).encode())
    assert found.kubelet.labels == {"a": "1", "b": "2"}
    assert (found.kubelet.max_pods, found.dns, found.named_by_id) == (30, ("10.1.1.1",), True)


@pytest.mark.parametrize(
    ("expression", "pods"),
    [
        ("max_pods", 29),
        ("((default_enis - 1) * (ips_per_eni - 1)) + 2", 20),
        ("((default_enis - 1) * (ips_per_eni - 1) * 16) + 2", 290),
        ("max_pods < 20 ? max_pods : 20", 20),
        ("max_pods >= 29 ? (1 == 2 ? 1 : 7) : 9", 7),
        ("10 - 2 - 3", 5),
        ("7 / 2 * 2 % 4", 2),
        ("-(-4)", 4),
        ("max_pods - 29", None),
        ("max_pods / 0", None),
        ("max_pods == 29", None),
        ("pods", None),
        ("max_pods +", None),
        ("max_pods 1", None),
        ("(max_pods", None),
        ("max_pods; 1", None),
        ("(" * 500 + "1" + ")" * 500, None),
        ("-" * 2000 + "1", None),
        ("", None),
    ],
)
def test_the_number_of_pods_may_be_an_expression(expression: str, pods: int | None) -> None:
    assert evaluated(expression, {"default_enis": 3, "ips_per_eni": 10, "max_pods": 29}) == pods


@given(st.text("0123456789 +-*/%()<>=!?:abcdefghijklmnopqrstuvwxyz_", max_size=40))
def test_no_expression_breaks_the_boot(expression: str) -> None:
    found = evaluated(expression, {"default_enis": 3, "ips_per_eni": 10, "max_pods": 29})
    assert found is None or found > 0


def test_nodeadm_lets_cloud_init_have_the_other_parts() -> None:
    script = mime("#!/bin/bash\necho before\n", kind="text/x-shellscript", end="")
    both = script + mime(node_config()).partition("\n\n")[2]
    assert al2023(both.encode()).cluster == "prod"


@pytest.mark.parametrize(
    ("user_data", "said"),
    [
        ("", "StatusCode: 404"),
        (node_config(name=None), "Name is missing in cluster configuration"),
        (node_config(apiServerEndpoint=None), "Apiserver endpoint is missing"),
        (node_config(apiServerEndpoint=None, apiserverendpoint=ENDPOINT), "Apiserver endpoint is missing"),
        (node_config(certificateAuthority=None), "Certificate authority is missing"),
        (node_config(certificateAuthority=base64.b64decode(AUTHORITY).decode()), "illegal base64 data"),
        (node_config(cidr=None), "CIDR is missing in cluster configuration"),
        (node_config(cidr="172.20.0.0"), "is not a valid IP Address"),
        (node_config(enableOutpost=True), "is missing in cluster configuration"),
        (node_config(name=5), "cannot unmarshal number 5"),
        (node_config({"kubelet": {"flags": "--max-pods=5"}}), "of type []string"),
        (node_config({"featureGates": {"InstanceIdNodeName": "yes"}}), "of type bool"),
        (node_config().replace("v1alpha1", "v2"), "no kind"),
        (node_config().replace("NodeConfig", "Config"), "no kind"),
        (node_config().replace("node.eks.aws/", "eks.aws/"), "no kind"),
        (node_config().replace("kind: NodeConfig", ""), "Object 'Kind' is missing"),
        ("a: [", "couldn't get version/kind"),
        ("- a", "couldn't get version/kind"),
        (mime("#!/bin/sh\n", kind="text/x-shellscript"), "could not find NodeConfig within UserData"),
        (mime(node_config(), kind="application/yaml"), "could not find NodeConfig within UserData"),
        (mime(node_config(), end=""), "unexpected EOF"),
        (mime(node_config()).replace('boundary="//"', 'boundary="other"'), "NextPart: EOF"),
        (mime(node_config()).replace("\nContent-Type: application", "\n\nContent-Type: application"), "could not find"),
        (b"\x1f\x8bbroken", "failed to decompress"),
        ("#!/bin/bash\n/etc/eks/bootstrap.sh prod\n", "couldn't get version/kind"),
        (node_config({"kubelet": {"flags": ["--node-labels=node-role.kubernetes.io/x="]}}), "unknown 'kubernetes.io'"),
        (node_config({"kubelet": {"flags": ["--node-labels=a b=c"]}}), "unknown command b=c"),
        (node_config({"kubelet": {"flags": ["--node-labels=a=-"]}}), "invalid node labels"),
        (node_config({"kubelet": {"flags": ["--no-such-flag=1"]}}), "unknown flag: --no-such-flag"),
        (node_config({"kubelet": {"flags": ["--register-with-taints=a=b"]}}), "invalid taint spec"),
        (node_config({"kubelet": {"flags": ["--register-with-taints=a=b:NO_SCHEDULE"]}}), "invalid taint effect"),
        (node_config({"kubelet": {"config": {"maxPods": "many"}}}), "KubeletConfiguration.maxPods"),
    ],
)
def test_nodeadm_and_kubelet_reject(user_data: str | bytes, said: str) -> None:
    assert said in rejected(al2023, user_data)


SETTINGS = f"""
[settings.kubernetes]
"cluster-name" = "prod"
"api-server" = "{ENDPOINT}"
"cluster-certificate" = "{AUTHORITY}"
"""


def test_bottlerocket_takes_what_others_write() -> None:
    """The Terraform module's template with its table of options, and eksctl's quoted keys."""
    more = """
"cluster-dns-ip" = ["172.20.0.10", "fd00::a"]
"max-pods" = 29
[settings.host-containers.admin]
enabled = true
[settings.kubernetes.node-labels]
"ingress" = "allowed"
"alpha.eksctl.io/nodegroup-name" = "a"
[settings.kubernetes.node-taints]
"dedicated" = "experimental:PreferNoSchedule"
"special" = ["true:NoSchedule", ":NoExecute"]
"""
    found = told(SETTINGS + more)
    assert (found.family, found.dns, found.kubelet.max_pods) == ("bottlerocket", ("172.20.0.10", "fd00::a"), 29)
    assert found.kubelet.labels == {"ingress": "allowed", "alpha.eksctl.io/nodegroup-name": "a"}
    assert found.kubelet.taints == [
        {"key": "dedicated", "value": "experimental", "effect": "PreferNoSchedule"},
        {"key": "special", "value": "true", "effect": "NoSchedule"},
        {"key": "special", "effect": "NoExecute"},
    ]


def test_bottlerocket_alone_joins_nothing() -> None:
    assert bottlerocket(b"[settings.kubernetes]\nstandalone-mode = true\n") is None


@pytest.mark.parametrize(
    ("user_data", "said"),
    [
        ("", "TOML data did not contain 'settings' section"),
        (mime(node_config()), "Error parsing TOML user data"),
        (SETTINGS + "[settings.kubernets]\n", "unknown field `kubernets`"),
        (SETTINGS + 'cluster_dns_ip = "172.20.0.10"\n', "unknown field `cluster_dns_ip`"),
        (SETTINGS + 'max-pods = "29"\n', 'invalid type: string "29"'),
        (SETTINGS + "max-pods = -1\n", "expected u32"),
        (SETTINGS + 'cluster-dns-ip = "dns"\n', "KubernetesClusterDnsIp"),
        (SETTINGS + "[settings.kubernetes.node-labels]\na.b.c = 'x'\n", "invalid type: map"),
        (SETTINGS + "[settings.kubernetes.node-labels]\nspot = true\n", "invalid type: boolean"),
        (SETTINGS + '[settings.kubernetes.node-labels]\n"nope!" = "x"\n', "KubernetesLabelKey"),
        (SETTINGS + '[settings.kubernetes.node-labels]\n"k8s.io/x" = "x"\n', "unknown 'kubernetes.io'"),
        (SETTINGS + '[settings.kubernetes.node-taints]\na = "NoSchedule"\n', "KubernetesTaintValue"),
        (SETTINGS + '[settings.kubernetes.node-taints]\na = "b:Sometimes"\n', "invalid taint effect"),
        (SETTINGS.replace("LS0t", "-----"), "ValidBase64"),
        (SETTINGS.replace('"prod"', '"https://x"'), "KubernetesClusterName"),
        (SETTINGS.replace('"api-server"', "#"), "Missing settings.kubernetes.api-server"),
    ],
)
def test_bottlerocket_rejects(user_data: str, said: str) -> None:
    assert said in rejected(bottlerocket, user_data)


EKSCTL_WINDOWS = f"""<powershell>
[string]$EKSBootstrapScriptFile = "$env:ProgramFiles\\Amazon\\EKS\\Start-EKSBootstrap.ps1"
start /wait msiexec.exe /qb /i "agent.msi"
& $EKSBootstrapScriptFile -EKSClusterName "prod" -APIServerEndpoint "{ENDPOINT}" -Base64ClusterCA "{AUTHORITY}" \
-DNSClusterIP "172.20.0.10" -ContainerRuntime "containerd" \
-KubeletExtraArgs "--node-labels=a=b --register-with-taints= --max-pods=9" 3>&1 4>&1 5>&1 6>&1
</powershell>"""
TERRAFORM_WINDOWS = f"""<powershell>
[string]$EKSBinDir = "$env:ProgramFiles\\Amazon\\EKS"
[string]$EKSBootstrapScriptName = 'Start-EKSBootstrap.ps1'
[string]$EKSBootstrapScriptFile = "$EKSBinDir\\$EKSBootstrapScriptName"
& $EKSBootstrapScriptFile -EKSClusterName prod -APIServerEndpoint {ENDPOINT} -Base64ClusterCA {AUTHORITY} \
-DNSClusterIP 172.20.0.10 -KubeletExtraArgs '--node-labels=a=b --max-pods=9' 3>&1 4>&1 5>&1 6>&1
$LastError = if ($?) {{ 0 }} else {{ $Error[0].Exception.HResult }}
</powershell>"""


@pytest.mark.parametrize("user_data", [EKSCTL_WINDOWS, TERRAFORM_WINDOWS])
def test_windows_takes_what_others_write(user_data: str) -> None:
    found = told(user_data)
    assert (found.family, found.cluster, found.endpoint, found.authority) == ("windows", "prod", ENDPOINT, AUTHORITY)
    assert (found.dns, found.kubelet.labels, found.kubelet.max_pods) == (("172.20.0.10",), {"a": "b"}, 9)


def test_windows_reads_the_tasks_of_its_launch_agent_too() -> None:
    script = {"frequency": "always", "type": "powershell", "content": "& Start-EKSBootstrap.ps1 -EKSClusterName prod"}
    found = windows(yaml.safe_dump({"version": 1.1, "tasks": [{"task": "executeScript", "inputs": [script]}]}).encode())
    assert found is not None
    assert (found.cluster, found.endpoint) == ("prod", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("-APIServerEndpoint x", "missing mandatory parameters: EKSClusterName"),
        ("-EKSClusterName prod -Taints x", "matches parameter name 'Taints'"),
        ("-EKSClusterName prod stray", "accepts argument 'stray'"),
        ("-EKSClusterName", "Missing an argument for parameter 'EKSClusterName'"),
        ("-EKSClusterName prod -KubeletExtraArgs '--node-labels=k8s.io/a=b'", "unknown 'kubernetes.io'"),
    ],
)
def test_windows_rejects(arguments: str, said: str) -> None:
    call = f"<powershell>\n& 'C:\\Program Files\\Amazon\\EKS\\Start-EKSBootstrap.ps1' {arguments}\n</powershell>"
    assert said in rejected(windows, call)


def test_windows_runs_nothing_outside_its_tags() -> None:
    assert windows(b"& Start-EKSBootstrap.ps1 -EKSClusterName prod") is None
    assert windows(b"<powershell>\nWrite-Host 'Start-EKSBootstrap.ps1'\n</powershell>") is None


HELPER = """#!/bin/bash
set -o nounset
source /etc/eksctl/kubelet.env # written before
API_SERVER_URL="${API_SERVER_URL}"
INSTANCE_LIFECYCLE="$(get_metadata instance-life-cycle)"
NODE_TAINTS="${NODE_TAINTS:-}"
MAX_PODS="${MAX_PODS:-110}"
NODE_LABELS="${NODE_LABELS},node-lifecycle=${INSTANCE_LIFECYCLE}"
ARGUMENTS=("--node-labels=${NODE_LABELS}")
[[ -n "${NODE_TAINTS}" ]] && ARGUMENTS+=("--register-with-taints=${NODE_TAINTS}")
[[ -n "${MAX_PODS}" ]] && ARGUMENTS+=("--max-pods=${MAX_PODS}")
EXTRA="${ARGUMENTS[@]}"
"""
SCRIPT = """#!/bin/bash
source /var/lib/cloud/helper.sh
echo "running"
/etc/eks/bootstrap.sh "${CLUSTER_NAME}" \\
  --dns-cluster-ip "${CLUSTER_DNS}" \\
  --kubelet-extra-args "${EXTRA}"
jq -s '.[0] * .[1]' "${CONFIG}" /etc/eksctl/kubelet-extra.json > /tmp/new
snap restart kubelet-eks
"""


def test_ubuntu_takes_what_eksctl_writes() -> None:
    environment = "CLUSTER_NAME=prod\nCLUSTER_DNS=172.20.0.10\nNODE_LABELS=a=b\nNODE_TAINTS=team=a:NoSchedule"
    files = {
        "/etc/eksctl/kubelet.env": environment,
        "/etc/eksctl/kubelet-extra.json": '{"maxPods": 5}',
        "/var/lib/cloud/helper.sh": HELPER,
        "/var/lib/cloud/boot.sh": SCRIPT,
    }
    written = [{"path": path, "content": content} for path, content in files.items()]
    config = {"write_files": written, "runcmd": [["/var/lib/cloud/boot.sh"]]}
    found = told(gzip.compress(b"#cloud-config\n" + yaml.safe_dump(config).encode()))
    assert (found.family, found.cluster, found.endpoint, found.dns) == ("ubuntu", "prod", "", ("172.20.0.10",))
    assert found.kubelet.labels == {"a": "b", "node-lifecycle": ""}
    assert found.kubelet.taints == [TAINT]
    assert found.kubelet.max_pods == 110  # a flag, which beats the file


def test_ubuntu_takes_what_terraform_writes() -> None:
    script = f"""#!/bin/bash
set -e
export EXTRA='--node-labels=a=b'
B64_CLUSTER_CA={AUTHORITY}
API_SERVER_URL={ENDPOINT}
/etc/eks/bootstrap.sh prod $BOOTSTRAP --kubelet-extra-args "$EXTRA --max-pods=7" --b64-cluster-ca $B64_CLUSTER_CA \\
  --apiserver-endpoint $API_SERVER_URL \\
  --ip-family ipv4 --service-ipv4-cidr 172.20.0.0/16
"""
    found = told(script)
    assert (found.cluster, found.endpoint, found.authority, found.cidr) == (
        "prod",
        ENDPOINT,
        AUTHORITY,
        "172.20.0.0/16",
    )
    assert (found.kubelet.labels, found.kubelet.max_pods) == ({"a": "b"}, 7)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("/etc/eks/bootstrap.sh", "cluster name is not defined"),
        ("/etc/eks/bootstrap.sh prod --ip-family ipv6", "Service Ipv6 Cidr must be provided"),
        ("/etc/eks/bootstrap.sh prod --kubelet-extra-args '--container-runtime=docker'", "unknown flag"),
    ],
)
def test_ubuntu_rejects(script: str, said: str) -> None:
    assert said in rejected(ubuntu, f"#!/bin/bash\n{script}\n")


def test_user_data_that_bootstraps_nothing_starts_no_kubelet() -> None:
    for user_data in (b"", b"#!/bin/bash\necho hello\n", b"#cloud-config\npackages: [nginx]\n", b"\x1f\x8bbroken"):
        assert bootstrap(UNKNOWN, user_data) is None
    assert ubuntu(b"#!/bin/sh\n# /etc/eks/bootstrap.sh prod\n") is None
