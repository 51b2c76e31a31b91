# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster autoscaler of the role self_managed_nodes: deployed with rights of its own, again, and gone."""

from __future__ import annotations

from typing import Any

import pytest

from support.helm import Helm
from support.ledger import Ledger
from support.playbook import Playbook, Run
from support.roles import Role
from support.surroundings import Surroundings

ROLE = "prod-autoscaler"
SCALES = {"autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"}


def test_deployed_and_removed(playbook: Playbook, ledger: Ledger, aws: Surroundings, subtests: pytest.Subtests) -> None:
    """The group has no nodes, as the chart is not really installed."""
    aws.cluster(accessConfig={"authenticationMode": "API"})
    node = aws.role("node")
    aws.iam.create_instance_profile(InstanceProfileName="nodes")
    aws.iam.add_role_to_instance_profile(InstanceProfileName="nodes", RoleName="test-node")
    helm = Helm(playbook, "cluster-autoscaler", "9.56.0")
    group: dict[str, Any] = {
        "name": "batch",
        "instance_types": ["m7i.large"],
        "scaling": {"min_size": 0, "max_size": 3},
    }
    role = Role(
        playbook,
        "self_managed_nodes",
        [],
        self_managed_nodes_cluster_name="prod",
        self_managed_nodes_role_arn=node,
        self_managed_nodes_instance_profile="nodes",
        self_managed_nodes_subnet_ids=aws.private_subnets,
        self_managed_nodes_groups=[group],
        self_managed_nodes_autoscaler=True,
        self_managed_nodes_autoscaler_values={"extraArgs": {"expander": "priority"}},
    )

    def run(check: bool = False, fails: bool = False, **options: Any) -> Run:
        variables, environment = {**role.common, **options}, helm.environment
        return playbook.run(
            [role.play], variables=variables, environment=environment, check=check, fails=fails, warns=True
        )

    def there() -> tuple[bool, int]:
        """Whether the role is, and how many associations are."""
        roles = [one["RoleName"] for one in aws.iam.list_roles()["Roles"]]
        return ROLE in roles, len(aws.eks.list_pod_identity_associations(clusterName="prod")["associations"])

    with subtests.test("nothing is written in check mode, without helm, or with nothing to scale"):
        ledger.clear()
        assert "there is no helm on localhost" in role.refused()
        fixed = {**group, "scaling": {"min_size": 0, "max_size": 3, "desired_size": 1}}
        message = str(run(fails=True, self_managed_nodes_groups=[fixed]).last["msg"])
        assert "leaves its size to the cluster autoscaler" in message
        assert run(check=True).changed > 0
        assert (ledger.writes(), helm.changes) == ([], [])

    with subtests.test("deployed, with a role that scales groups of this cluster alone"):
        run()
        values = helm.values
        assert values["autoDiscovery"] == {"clusterName": "prod"}
        assert values["extraArgs"] == {"balance-similar-node-groups": True, "expander": "priority"}
        policy = aws.iam.get_role_policy(RoleName=ROLE, PolicyName="flotilla.eks")["PolicyDocument"]["Statement"]
        (scales,) = [one for one in policy if SCALES & set(one["Action"])]
        assert scales["Condition"] == {"StringEquals": {"aws:ResourceTag/k8s.io/cluster-autoscaler/prod": "owned"}}
        (association,) = aws.eks.list_pod_identity_associations(clusterName="prod")["associations"]
        assert (association["namespace"], association["serviceAccount"]) == ("kube-system", "cluster-autoscaler")

    with subtests.test("again changes nothing"):
        ledger.clear()
        assert (run().changed, ledger.writes(), helm.changes) == (0, [], ["upgrade"])

    with subtests.test("told what would go by itself"):
        ledger.clear()
        assert run(check=True, self_managed_nodes_autoscaler_state="absent").changed == 3
        assert (there(), ledger.writes(), helm.changes) == ((True, 1), [], ["upgrade"])

    with subtests.test("it goes with the groups, once"):
        run(self_managed_nodes_state="absent")
        assert (there(), helm.changes) == ((False, 0), ["upgrade", "uninstall"])
        assert run(self_managed_nodes_state="absent").changed == 0
