# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines on premises, the playbooks that are run for them, and the cluster that they join."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.authority import Authority
from support.awx import sliced
from support.clusters import api_of
from support.hybrid_machines import HybridMachines, Releases, here
from support.playbook import Playbook, Programs, Run
from support.runner import Job
from support.surroundings import Surroundings

NODES = "/api/v1/nodes"
FAULT = "/etc/stand-ins/nodeadm-fault"
PREFLIGHT = "Look for all that keeps the host from being a node"
INSTALL = "Install what the node needs"
JOIN = "Have the kubelet serve the cluster"
UNITS = ("kubelet", "containerd", "snap.amazon-ssm-agent.amazon-ssm-agent")


class Fleet:
    """Machines, the playbooks that are run for them, and the cluster that they join."""

    def __init__(self, playbook: Playbook, machines: HybridMachines, releases: Releases, aws: Surroundings) -> None:
        self.playbook = playbook
        self.machines = machines
        self.releases = releases
        self.aws = aws
        self.api = api_of(aws)
        self.variables: dict[str, Any] = {**here(releases), "hybrid_nodes_labels": {"site": "north"}}
        self.inventory: dict[str, Any] = {
            "eks_clusters": {"hosts": {"prod": {}}},
            "eks_hybrid_nodes": {"hosts": machines.hosts(eks_cluster="prod")},
        }

    def run(self, what: str = "nodes_hybrid", **options: Any) -> Run:
        return self.playbook.run(f"flotilla.eks.{what}", inventory=self._given(), **options)

    def _given(self, **more: Any) -> dict[str, Any]:
        """The inventory with the variables of all machines, which those of single ones outdo."""
        group = self.inventory["eks_hybrid_nodes"]
        return {**self.inventory, "eks_hybrid_nodes": {**group, "vars": {**self.variables, **more}}}

    def killed(self, what: str, name: str, fault: str, when: Callable[[], bool]) -> None:
        """Run a playbook, and end it as a power cut would where nodeadm waits on a machine; which goes on then."""
        self.machines.run(name, "sh", "-c", f"echo {fault}:hang > {FAULT}")
        self.playbook.killed(f"flotilla.eks.{what}", when, inventory=self._given())
        self.machines.run(name, "rm", FAULT)

    def slice(self, number: int, what: str = "nodes_hybrid") -> Run:
        """Run a playbook for one of two slices of the inventory, one of which lacks the cluster, in its own place."""
        directory = self.playbook.directory / f"slice-{number}"
        directory.mkdir(exist_ok=True)
        return Playbook(directory, self.playbook.environment).run(f"flotilla.eks.{what}", inventory=self._part(number))

    def job(self, number: int, what: str = "nodes_hybrid") -> Job:
        """The same as a job of AWX."""
        part = self._part(number)
        here = {"ansible_connection": "local", "ansible_python_interpreter": str(Programs.get().python)}
        part["eks_clusters"] |= {"vars": here}
        with Job(self.playbook.directory / f"job-{number}", self.playbook.environment, what, part) as job:
            pass
        assert job.status == "successful", job.output
        return job

    def _part(self, number: int) -> dict[str, Any]:
        return sliced(self._given(eks_cluster_name="prod"), number, 2)

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

    def executions(self, run: Run, name: str) -> int:
        """How many modules a run with -vvv has executed on a machine: each is one command over SSH."""
        return run.output.count(f"<{self.machines.addresses[name]}> SSH: EXEC ")

    def runs(self, name: str) -> list[str]:
        """The commands that nodeadm was given."""
        return [line.split()[0] for line in self.machines.run(name, "cat", "/var/log/nodeadm-runs").splitlines()]


def certified(aws: Surroundings, directory: Path) -> dict[str, Any]:
    """An authority, and what the role iam makes for it: a trust anchor, a profile with the role of the nodes."""
    authority = Authority()
    (directory / "ca.pem").write_text(authority.pem)
    (directory / "ca.key").write_bytes(authority.private)
    named = {"name": "prod-hybrid", "tags": [{"key": "flotilla.eks/cluster", "value": "prod"}], "enabled": True}
    source = {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": authority.pem}}
    aws.anywhere.create_trust_anchor(**named, source=source)
    role = aws.role("anywhere")
    aws.anywhere.create_profile(**named, roleArns=[role], acceptRoleSessionName=True)
    return {
        "hybrid_nodes_credential_provider": "iam_roles_anywhere",
        "hybrid_nodes_iam_role_arn": role,
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
