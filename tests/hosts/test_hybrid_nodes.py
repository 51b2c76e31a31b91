# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role hybrid_nodes: machines on premises join a cluster, are upgraded, and leave."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from eks_simulator.process import SimulatorProcess
from support.authority import Authority
from support.clusters import api_of
from support.documentation import documentation
from support.hybrid_machines import HybridMachines, Releases
from support.ledger import Ledger
from support.machines import File, Files
from support.playbook import Playbook, Run
from support.surroundings import Surroundings

NODES = "/api/v1/nodes"
FAULT = "/etc/stand-ins/nodeadm-fault"
PREFLIGHT = "Look for all that keeps the host from being a node"
INSTALL = "Install what the node needs"
JOIN = "Have the kubelet serve the cluster"
NOT_HERE = ["node_ip", "time", "disk", "memory", "swap"]
"""What machines of tests share with the computer that they are on."""
UNITS = ("kubelet", "containerd", "snap.amazon-ssm-agent.amazon-ssm-agent")
LABELS = {"site": "north", "eks.amazonaws.com/compute-type": "hybrid"}
Boot = Callable[..., HybridMachines]


class Fleet:
    """Machines, the playbooks that are run for them, and the cluster that they join."""

    def __init__(self, playbook: Playbook, machines: HybridMachines, releases: Releases, aws: Surroundings) -> None:
        self.playbook = playbook
        self.machines = machines
        self.aws = aws
        self.api = api_of(aws)
        self.variables: dict[str, Any] = {
            "hybrid_nodes_releases": releases.url,
            "hybrid_nodes_endpoints": [releases.manifest],
            "hybrid_nodes_skip_checks": NOT_HERE,
            "hybrid_nodes_install_attempts": 1,
            "hybrid_nodes_ready_timeout": 30,
            "hybrid_nodes_labels": {"site": "north"},
        }
        self.inventory: dict[str, Any] = {
            "eks_clusters": {"hosts": {"prod": {}}},
            "eks_hybrid_nodes": {"hosts": machines.hosts(eks_cluster="prod")},
        }

    def run(self, what: str = "nodes_hybrid", **options: Any) -> Run:
        variables = {**self.variables, **options.pop("variables", {})}
        return self.playbook.run(f"flotilla.eks.{what}", inventory=self.inventory, variables=variables, **options)

    def slice(self, name: str) -> Run:
        """Run the playbook for one machine, as one of several that run at the same time, each in a place of its own."""
        (self.playbook.directory / name).mkdir()
        playbook = Playbook(self.playbook.directory / name, self.playbook.environment)
        limit = ["--limit", name]
        return playbook.run(
            "flotilla.eks.nodes_hybrid", inventory=self.inventory, variables=self.variables, arguments=limit
        )

    def registered(self) -> dict[str, str]:
        """The ids of the hosts that Systems Manager knows, by their names."""
        found = self.aws.ssm.describe_instance_information()["InstanceInformationList"]
        return {one["ComputerName"]: one["InstanceId"] for one in found}

    def node(self, name: str) -> dict[str, Any] | None:
        """The Node of a machine, if there is one."""
        number = self.registered().get(name)
        return self.api.find(f"{NODES}/{number}") if number else None

    def units(self, name: str) -> str:
        """The states of a machine's units, with the moments at which they were started."""
        show = "--property=Id,ActiveState,UnitFileState,ActiveEnterTimestampMonotonic"
        return self.machines.run(name, "systemctl", "show", *UNITS, show)

    def runs(self, name: str) -> list[str]:
        """The commands that nodeadm was given."""
        return [line.split()[0] for line in self.machines.run(name, "cat", "/var/log/nodeadm-runs").splitlines()]


@pytest.fixture
def fleet(playbook: Playbook, premises: Boot, releases: Releases, simulator: SimulatorProcess) -> Callable[..., Fleet]:
    """Machines by their names, and what is done with them."""

    def make(*names: str, **options: Any) -> Fleet:
        return Fleet(playbook, premises(*names, **options), releases, Surroundings(simulator))

    return make


def test_hosts_join_and_are_left_alone(fleet: Callable[..., Fleet], ledger: Ledger, subtests: pytest.Subtests) -> None:
    hosts = fleet("edge-1", "edge-2", "edge-3")
    with subtests.test("check mode tells, and does nothing"):
        assert hosts.run(check=True).on("edge-1")[INSTALL]["changed"]
        hosts.machines.run("edge-1", "test", "-e", "/usr/local/bin/nodeadm", fails=True)
        assert [name for name in ledger.operations("ssm") if name.startswith(("Create", "Delete"))] == []
    with subtests.test("all become nodes by one activation, which is gone"):
        ran = hosts.run(arguments=["-vvv"])
        assert sorted(hosts.registered()) == ["edge-1", "edge-2", "edge-3"]
        for name in hosts.registered():
            node = hosts.node(name)
            assert node is not None
            assert node["metadata"]["labels"].items() >= LABELS.items()
            assert hosts.runs(name) == ["install", "init"]
        assert ledger.operations("ssm").count("CreateActivation") == 1
        assert hosts.aws.ssm.describe_activations()["ActivationList"] == []
    with subtests.test("the second run changes nothing"):
        before = [hosts.units(name) for name in hosts.registered()]
        ledger.clear()
        assert hosts.run().changed == 0
        assert [hosts.units(name) for name in hosts.registered()] == before
        assert ledger.writes() == []
    with subtests.test("a secret is nowhere: not in what is told, nor on disk, nor among the processes"):
        codes = hosts.machines.run("edge-1", "cat", "/run/stand-ins/codes").split()
        assert len(codes) == 1
        assert codes[0] not in ran.output
        for place in ("/etc", "/home", "/opt", "/root", "/tmp", "/usr/local", "/var"):
            hosts.machines.run("edge-1", "grep", "-rqF", codes[0], place, fails=True)
        assert codes[0] not in hosts.machines.run("edge-1", "ps", "axww", "-o", "args")
        hosts.machines.run("edge-1", "test", "-e", "/run/flotilla-eks", fails=True)
    with subtests.test("what is changed reaches the node, and costs no registration"):
        ran = hosts.run(variables={"hybrid_nodes_labels": {"site": "south"}})
        assert ran.on("edge-1")[JOIN]["reasons"] == ["its NodeConfig is not the one that the kubelet runs by"]
        node = hosts.node("edge-1")
        assert node is not None
        assert node["metadata"]["labels"]["site"] == "south"
        assert ledger.operations("ssm").count("CreateActivation") == 0
    with subtests.test("a host that Systems Manager has forgotten registers anew, and what was left of old runs goes"):
        old = hosts.registered()["edge-2"]
        hosts.aws.ssm.deregister_managed_instance(InstanceId=old)
        hosts.aws.ssm.create_activation(
            IamRole="prod-hybrid", Tags=[{"Key": "flotilla.eks/activation", "Value": "prod-join"}]
        )
        hosts.aws.simulator.advance(2 * 24 * 3600)
        ran = hosts.run(variables={"hybrid_nodes_labels": {"site": "south"}})
        assert ran.on("edge-2")[JOIN]["reasons"] == [f"its registration as {old} is void"]
        assert hosts.registered()["edge-2"] != old
        assert hosts.node("edge-2") is not None
        assert hosts.aws.ssm.describe_activations()["ActivationList"] == []


def test_what_was_interrupted_is_taken_up(
    fleet: Callable[..., Fleet], releases: Releases, subtests: pytest.Subtests
) -> None:
    faults = {
        "containerd": "install:Kubelet",
        "untracked": "install:tracker",
        "registered": "init:register",
        "configured": "init:kubelet",
    }
    wrong: Files = {
        "/etc/os-release": File('ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n'),
        "/etc/rancher/k3s/k3s.yaml": File(),
        "/root/.aws/credentials": File("[default]\n"),
    }
    files = {name: {FAULT: File(fault)} for name, fault in faults.items()}
    hosts = fleet(*faults, "wrong", "altered", files={**files, "wrong": wrong})
    releases.put("v1.0.22", b"#!/bin/sh\n", checksum_of=b"something else")
    hosts.inventory["eks_hybrid_nodes"]["hosts"]["altered"]["hybrid_nodes_nodeadm_version"] = "v1.0.22"
    ran = hosts.run(fails=True)
    with subtests.test("a nodeadm that is not what its checksum says is not run, nor kept"):
        assert "has not the checksum sha256:" in ran.on("altered")[INSTALL]["msg"]
        hosts.machines.run("altered", "test", "-e", "/usr/local/bin/nodeadm", fails=True)
        del hosts.inventory["eks_hybrid_nodes"]["hosts"]["altered"]["hybrid_nodes_nodeadm_version"]
    with subtests.test("all that is wrong with a host is told at once, and it is left as it was"):
        found = ran.on("wrong")[PREFLIGHT]
        assert [one["check"] for one in found["findings"]] == ["system", "other_kubernetes", "credentials"]
        assert "Debian GNU/Linux 12" in found["msg"]
        hosts.machines.run("wrong", "test", "-e", "/usr/local/bin/nodeadm", fails=True)
    with subtests.test("each says where it was stopped"):
        for name, fault in faults.items():
            command, place = fault.split(":")
            task = INSTALL if command == "install" else JOIN
            assert f"{command} was stopped at {place}" in ran.on(name)[task]["msg"]
        assert hosts.aws.ssm.describe_activations()["ActivationList"] == []
    with subtests.test("the next run has them join, without another registration where there is one"):
        before = hosts.registered()
        assert sorted(before) == ["configured", "registered"]
        for name in faults:
            hosts.machines.run(name, "rm", FAULT)
        ran = hosts.run(fails=True)
        assert [name for name, stats in ran.stats.items() if stats["failures"]] == ["wrong"]
        assert "an installation was not finished" in ran.on("containerd")[INSTALL]["reasons"][0]
        assert all(hosts.node(name) for name in faults)
        assert hosts.registered().items() >= before.items()
    with subtests.test("nodeadm goes on caring for the containerd that it has installed"):
        for name in faults:
            assert "Containerd: distro" in hosts.machines.run(name, "cat", "/opt/nodeadm/tracker")
    with subtests.test("a check can be skipped by name"):
        hosts.machines.run("wrong", "rm", "-r", "/etc/rancher", "/root/.aws")
        hosts.machines.run("wrong", "touch", "/etc/stand-ins/any-system")
        ran = hosts.run(variables={"hybrid_nodes_skip_checks": [*NOT_HERE, "system"]})
        assert hosts.node("wrong") is not None
        assert not ran.on("containerd")[JOIN]["changed"]


def test_hosts_are_upgraded_and_leave(fleet: Callable[..., Fleet], ledger: Ledger, subtests: pytest.Subtests) -> None:
    names = ("edge-1", "edge-2")
    hosts = fleet(*names)
    with subtests.test("two slices that run at the same time make nodes of their own hosts"):
        hosts.variables["hybrid_nodes_version"] = "1.33"
        with ThreadPoolExecutor() as pool:
            list(pool.map(hosts.slice, names))
        assert sorted(hosts.registered()) == [*names]
        assert hosts.aws.ssm.describe_activations()["ActivationList"] == []
        del hosts.variables["hybrid_nodes_version"]
    with subtests.test("to join is not to be upgraded"):
        assert hosts.run().changed == 0
    pods = Workload(hosts)
    with subtests.test("an upgrade that is stopped leaves the others alone, and is taken up"):
        hosts.machines.run("edge-1", "sh", "-c", f"echo upgrade:CniPlugins > {FAULT}")
        ran = hosts.run("nodes_hybrid_upgrade", fails=True)
        assert "upgrade was stopped at CniPlugins" in ran.on("edge-1")["Bring the kubelet to the version"]["msg"]
        assert "upgrade" not in hosts.runs("edge-2")
        hosts.machines.run("edge-1", "rm", FAULT)
    with subtests.test("all get the version of the cluster, and no pod is lost"):
        hosts.run("nodes_hybrid_upgrade")
        for name in names:
            node = hosts.node(name)
            assert node is not None
            assert node["status"]["nodeInfo"]["kubeletVersion"].startswith("v1.34")
            assert "unschedulable" not in node["spec"]
        assert (ledger.lost_pods(), pods.number()) == ([], 2)
    with subtests.test("once"):
        before = [hosts.units(name) for name in names]
        assert hosts.run("nodes_hybrid_upgrade").changed == 0
        assert [hosts.units(name) for name in names] == before
    with subtests.test("a host does not leave with what is somebody else's, which is told before its pods go"):
        hosts.machines.run("edge-1", "sh", "-c", "echo [backup] >> /root/.aws/config; mkdir /opt/cni/mine")
        ran = hosts.run("nodes_hybrid_leave", arguments=["--limit", "edge-1"], fails=True)
        told = ran.on("edge-1")["See whether it can be uninstalled"]["msg"]
        assert "/opt/cni/mine" in told
        assert "the profile backup in /root/.aws" in told
        node = hosts.node("edge-1")
        assert node is not None
        assert "unschedulable" not in node["spec"]
        hosts.machines.run("edge-1", "rm", "-r", "/opt/cni/mine", "/root/.aws/config")
    with subtests.test("nothing is left of a host that leaves"):
        number = hosts.registered()["edge-1"]
        hosts.run("nodes_hybrid_leave", arguments=["--limit", "edge-1"])
        assert sorted(hosts.registered()) == ["edge-2"]
        assert hosts.api.find(f"{NODES}/{number}") is None
        for path in ("/usr/local/bin/nodeadm", "/opt/nodeadm", "/var/lib/kubelet", "/var/lib/flotilla-eks", "/etc/eks"):
            hosts.machines.run("edge-1", "test", "-e", path, fails=True)
        assert hosts.run("nodes_hybrid_leave", arguments=["--limit", "edge-1"]).changed == 0
    with subtests.test("one that is dead leaves without its help"):
        hosts.inventory["eks_hybrid_nodes"]["hosts"]["edge-2"]["ansible_host"] = "127.0.79.1"
        limited = ["--limit", "edge-2"]
        hosts.run("nodes_hybrid_leave", arguments=limited, fails=True)
        assert sorted(hosts.registered()) == ["edge-2"]
        number = hosts.registered()["edge-2"]
        dead = {"hybrid_nodes_unreachable": "remove", "hybrid_nodes_drain": False}
        hosts.run("nodes_hybrid_leave", arguments=limited, variables=dead)
        assert hosts.registered() == {}
        assert hosts.api.find(f"{NODES}/{number}") is None


def test_hosts_join_by_certificates(
    fleet: Callable[..., Fleet], tmp_path: Path, ledger: Ledger, subtests: pytest.Subtests
) -> None:
    hosts = fleet("edge-1", "edge-2")
    hosts.variables |= certified(hosts.aws, tmp_path)
    with subtests.test("check mode tells, and does nothing"):
        hosts.run(check=True)
        hosts.machines.run("edge-1", "test", "-e", "/etc/iam", fails=True)
    with subtests.test("all become nodes under their own names, by keys that stay where they are"):
        hosts.run()
        for name in ("edge-1", "edge-2"):
            node = hosts.api.find(f"{NODES}/{name}")
            assert node is not None
            assert node["metadata"]["labels"]["eks.amazonaws.com/hybrid-credential-provider"] == "iam-ra"
            assert hosts.machines.run(name, "stat", "-c", "%a %U", "/etc/iam/pki/server.key") == "600 root\n"
    with subtests.test("the second run changes nothing"):
        before = hosts.units("edge-1")
        ledger.clear()
        assert hosts.run().changed == 0
        assert ledger.writes() == []
    with subtests.test("a certificate that ends soon is renewed, and nothing is restarted for that"):
        old = hosts.machines.run("edge-1", "cat", "/etc/iam/pki/server.pem")
        ran = hosts.run(variables={"hybrid_nodes_renew_before_days": 400})
        assert not ran.on("edge-1")[JOIN]["changed"]
        assert hosts.machines.run("edge-1", "cat", "/etc/iam/pki/server.pem") != old
        assert hosts.units("edge-1") == before
    with subtests.test("a cluster that is not there is told by the hosts that name it"):
        host = hosts.inventory["eks_hybrid_nodes"]["hosts"]["edge-2"]
        hosts.inventory["eks_clusters"]["hosts"]["gone"] = {}
        host["eks_cluster"] = "gone"
        ran = hosts.run(fails=True)
        assert "gone" in ran.on("edge-2")["Stop where the cluster did not answer"]["msg"]
        assert [name for name, stats in ran.stats.items() if stats["failures"]] == ["edge-2"]
        host["eks_cluster"] = "prod"
    with subtests.test("keys go with the hosts"):
        hosts.run("nodes_hybrid_leave", arguments=["--limit", "edge-1"])
        assert hosts.api.find(f"{NODES}/edge-1") is None
        for path in ("/etc/iam/pki/server.key", "/etc/iam/pki/server.pem", "/etc/aws/hybrid"):
            hosts.machines.run("edge-1", "test", "-e", path, fails=True)


def test_the_examples_of_the_modules_run(fleet: Callable[..., Fleet]) -> None:
    hosts = fleet("edge-1")
    defaults = {
        "flotilla.eks.hybrid_node_preflight": {"endpoints": [], "skip_checks": NOT_HERE},
        "flotilla.eks.hybrid_node_install": {"releases": hosts.variables["hybrid_nodes_releases"]},
    }
    installs, uninstalls = documentation("hybrid_node_install").examples
    tasks = [*documentation("hybrid_node_preflight").examples, installs, *documentation("hybrid_node").examples]
    inventory = {**hosts.inventory, "eks_clusters": {"hosts": {"localhost": {}}}}
    for several in (tasks, [uninstalls]):
        play = {"hosts": "eks_hybrid_nodes", "module_defaults": defaults}
        run = hosts.playbook.tasks(*several, play=play, inventory=inventory)
        assert [(line["task"], line["status"]) for line in run.lines] == [(task["name"], "ok") for task in several]
        if several is tasks:  # a node that runs would have to be drained
            hosts.machines.run("edge-1", "systemctl", "stop", "kubelet")


def certified(aws: Surroundings, directory: Path) -> dict[str, Any]:
    """An authority, which a trust anchor stands for, and a profile with the role of the nodes."""
    authority = Authority()
    (directory / "ca.pem").write_text(authority.pem)
    pem = authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (directory / "ca.key").write_bytes(pem)
    source = {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": authority.pem}}
    anchor = aws.anywhere.create_trust_anchor(name="edge", source=source, enabled=True)["trustAnchor"]
    role = aws.role("anywhere")
    profile = aws.anywhere.create_profile(name="edge", roleArns=[role], enabled=True, acceptRoleSessionName=True)
    return {
        "hybrid_nodes_credential_provider": "iam_roles_anywhere",
        "hybrid_nodes_iam_role_arn": role,
        "hybrid_nodes_trust_anchor_arn": anchor["trustAnchorArn"],
        "hybrid_nodes_profile_arn": profile["profile"]["profileArn"],
        "hybrid_nodes_ca_certificate": str(directory / "ca.pem"),
        "hybrid_nodes_ca_key": str(directory / "ca.key"),
    }


class Workload:
    """Two pods, on whatever nodes, of which one must stay."""

    def __init__(self, hosts: Fleet) -> None:
        self._api = hosts.api
        self._api.create("/api/v1/namespaces", {"metadata": {"name": "shop"}})
        labels = {"app": "web"}
        container = {"name": "web", "image": "public.ecr.aws/nginx/nginx:1.29"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
        spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
        self._api.create("/apis/apps/v1/namespaces/shop/deployments", {"metadata": {"name": "web"}, "spec": spec})
        budget = {"metadata": {"name": "web"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": labels}}}
        self._api.create("/apis/policy/v1/namespaces/shop/poddisruptionbudgets", budget)
        hosts.aws.settle()

    def number(self) -> int:
        """How many of them run."""
        pods = self._api.list_all("/api/v1/namespaces/shop/pods", labels="app=web")
        return sum(bool(pod["spec"].get("nodeName")) for pod in pods)
