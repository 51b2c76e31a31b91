# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guides work as they are printed: each is done from its first line to its last, on the simulated AWS."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.awx_api.server import TOKEN, Awx
from support.checkout import CHECKOUT
from support.guides import GUIDES, ON_MACHINES, of_guide
from support.ids import SUBNETS
from support.playbook import Playbook
from support.story import Story
from support.surroundings import Surroundings


def a_cluster_of_somebody_else(aws: Surroundings) -> None:
    aws.cluster("prod", version="1.33", accessConfig={"authenticationMode": "API"})
    aws.role("node", "eks-node")
    aws.role("cluster", "eks-cluster")


def one_with_nodes(aws: Surroundings) -> None:
    for subnet in aws.private_subnets:
        aws.ec2.create_tags(Resources=[subnet], Tags=[{"Key": "kubernetes.io/role/internal-elb", "Value": "1"}])
    a_role = aws.role("cluster", "eks-cluster")
    network = {"subnetIds": aws.private_subnets[:2]}
    access = {"authenticationMode": "API"}
    aws.cluster("prod", version="1.33", roleArn=a_role, resourcesVpcConfig=network, accessConfig=access)
    aws.nodegroup("web", nodeRole=aws.role("node", "eks-node"), subnets=aws.private_subnets[:2])


def a_cluster_to_be_found(aws: Surroundings) -> None:
    aws.cluster("reef")
    aws.nodegroup("web", cluster="reef")


PLAYBOOKS = [path.stem for path in (CHECKOUT / "playbooks").glob("*.yml")]
GIVEN: dict[str, Callable[[Surroundings], None]] = {
    "adopting": one_with_nodes,
    "fleet_inventory": a_cluster_to_be_found,
    "migrating": a_cluster_of_somebody_else,
    "upgrading": one_with_nodes,
}
"""What a guide says was there before; nothing for all others."""


@pytest.mark.parametrize("guide", [one for one in GUIDES if one not in (*ON_MACHINES, "awx")])  # see tests/hosts
def test_guide(guide: str, playbook: Playbook, aws: Surroundings) -> None:
    if guide in GIVEN:
        GIVEN[guide](aws)
    (playbook.directory / "flotilla.eks").symlink_to(CHECKOUT)
    Story(playbook, known=dict(zip(SUBNETS, aws.private_subnets, strict=True))).tell(of_guide(GUIDES[guide]))


def test_guide_of_awx(playbook: Playbook) -> None:
    with Awx({"https://git.example.com/fleet.git": [f"playbooks/{name}.yml" for name in PLAYBOOKS]}) as awx:
        playbook.environment = {**playbook.environment, "CONTROLLER_OAUTH_TOKEN": TOKEN, "EKS_SECRET_KEY": "secret"}
        Story(playbook, known={"https://awx.example.com": awx.url}).tell(of_guide(GUIDES["awx"]))
        assert {"EKS site", "EKS site plan", "EKS decommission"} <= awx.names("job_templates")
        assert "EKS site with approval" in awx.names("workflow_job_templates")
        assert "EKS drift" in awx.names("schedules")
