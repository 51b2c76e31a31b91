# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup ami and the filter node_user_data in a playbook, over a cluster as a module returns it."""

from __future__ import annotations

from eks_simulator.amis import Image, image_id
from support.ledger import Ledger
from support.playbook import Playbook
from support.surroundings import Surroundings
from support.user_data import labels, node_configs, taints

FAMILIES = ["al2023", "bottlerocket", "ubuntu", "windows"]
OURS = "ami-0123456789abcdef0"
WINDOWS = Image("WINDOWS_FULL_2022_x86_64", "1.33", "1.33-2026.10.14")
NVIDIA = Image("AL2023_ARM_64_NVIDIA", "1.33", "1.33.5-20261105")


def asked(name: str, family: str, **options: str) -> dict[str, object]:
    arguments = "".join(f", {option}='{value}'" for option, value in options.items())
    return {
        "name": name,
        "ansible.builtin.debug": {"msg": f"{{{{ lookup('flotilla.eks.ami', '{family}'{arguments}) }}}}"},
        "ignore_errors": True,
    }


def test_images_and_user_data(playbook: Playbook, aws: Surroundings, ledger: Ledger) -> None:
    aws.cluster("prod")
    user_data = "{{ found.clusters[0] | flotilla.eks.node_user_data(family, labels=labels, taints=taints) }}"
    tasks = [
        {"name": "cluster", "flotilla.eks.cluster_info": {"name": "prod"}, "register": "found"},
        *(
            {"name": family, "ansible.builtin.debug": {"msg": user_data}, "vars": {"family": family}}
            for family in FAMILIES
        ),
        asked("own", OURS),
        asked("latest", "al2023", version="1.33", variant="nvidia", architecture="arm64"),
        asked("pinned", "windows", version="1.33", variant="full", release="2026.10.14"),
        asked("elsewhere", "al2023", version="1.33", region="us-east-1"),
        asked("nothing", "bottlerocket", version="1.33", release="1.2.3"),
        asked("old", "al2", version="1.32"),
    ]
    ledger.clear()
    variables = {
        "labels": {"team": "{{ 'we' ~ 'b' }}"},
        "taints": [{"key": "team", "value": "web", "effect": "NoSchedule"}],
    }
    run = playbook.run([{"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": tasks}], check=True)
    said = {name: result["msg"] for name, result in run.results.items() if "msg" in result}
    asked_of_aws = ledger.operations()
    described = aws.eks.describe_cluster(name="prod")["cluster"]
    for family in FAMILIES:
        assert labels(family, said[family]) == {"team": "web"}
        assert taints(family, said[family]) == {("team", "web", "NoSchedule")}
    cluster = node_configs(said["al2023"])[0]["cluster"]
    assert cluster["certificateAuthority"] == described["certificateAuthority"]["data"]
    assert cluster["cidr"] == described["kubernetesNetworkConfig"]["serviceIpv4Cidr"]
    assert said["own"] == OURS
    assert said["latest"] == image_id("eu-central-1", NVIDIA)
    assert said["pinned"] == image_id("eu-central-1", WINDOWS)
    assert said["elsewhere"] == image_id("us-east-1", Image("AL2023_x86_64_STANDARD", "1.33", NVIDIA.release))
    path = "/aws/service/bottlerocket/aws-k8s-1.33/x86_64/1.2.3/image_id"
    assert f"no such AMI in region eu-central-1: SSM has no parameter {path}. Check version (1.33)" in said["nothing"]
    assert "Amazon Linux 2 is at its end" in said["old"]
    assert asked_of_aws == ["DescribeCluster", "GetParameter", "DescribeImages", "GetParameter", "GetParameter"]
    assert not run.warnings
