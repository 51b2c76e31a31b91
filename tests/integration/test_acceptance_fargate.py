# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users of today's Fargate profile module met, F1 to F7, and how it goes here."""

from __future__ import annotations

from typing import Any

import pytest

from eks_simulator.process import SimulatorProcess
from support.ledger import Ledger
from support.playbook import Playbook
from support.steps import Steps, operations
from support.surroundings import Surroundings

SELECTORS = [{"namespace": "apps", "labels": {"appTier": "Web", "x": "1"}}, {"namespace": "jobs"}]


@pytest.mark.parametrize(
    "role", ["arn:aws:iam::123456789012:role/test-tegraf", "arn:aws:iam::333322221111:role/test-fargate"]
)
def test_f1_another_role_is_seen(aws: Surroundings, steps: Steps, role: str) -> None:
    aws.cluster()
    aws.fargate_profile("apps")
    message = steps.refused("fargate_profile", cluster_name="prod", name="apps", role_arn=role)
    assert "Fargate profile apps of cluster prod: pod_execution_role_arn" in message
    assert role in message
    assert "replace: true" in message


def test_f2_selectors_match_in_any_order(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    aws.fargate_profile("apps", selectors=SELECTORS)
    result = steps.run("fargate_profile", cluster_name="prod", name="apps", selectors=SELECTORS[::-1])
    assert not result["changed"]


def test_f3_a_profile_without_labels_is_adopted(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    aws.fargate_profile("apps", selectors=[{"namespace": "apps"}])
    for selector in ({"namespace": "apps"}, {"namespace": "apps", "labels": {}}):
        result = steps.run(
            "fargate_profile",
            cluster_name="prod",
            name="apps",
            role_arn=aws.role("fargate"),
            subnets=aws.private_subnets[::-1],
            selectors=[selector],
        )
        assert not result["changed"]


def test_f4_a_changed_profile_is_replaced_on_request(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    aws.fargate_profile("apps")
    wanted: dict[str, Any] = {
        "cluster_name": "prod",
        "name": "apps",
        "role_arn": aws.role("fargate"),
        "subnets": aws.private_subnets[:2],
        "selectors": SELECTORS,
    }
    message = steps.refused("fargate_profile", **wanted)
    assert "subnets" in message
    assert "selectors" in message
    made = steps.converge("fargate_profile", **wanted, replace=True)
    assert operations(made) == ["DeleteFargateProfile", "CreateFargateProfile"]
    assert sorted(made["subnets"]) == sorted(aws.private_subnets[:2])


def test_f5_a_profile_on_its_way_out_is_waited_for_and_made_again(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    aws.fargate_profile("apps")
    aws.eks.delete_fargate_profile(clusterName="prod", fargateProfileName="apps")
    made = steps.run(
        "fargate_profile",
        cluster_name="prod",
        name="apps",
        role_arn=aws.role("fargate"),
        subnets=aws.private_subnets,
        selectors=SELECTORS,
    )
    assert (made["changed"], made["status"]) == (True, "ACTIVE")


def test_f6_profiles_and_groups_are_listed_whole() -> None:
    """More than a page of each, on a simulator whose quotas allow it."""
    quotas = [f"--quota={kind}_per_cluster=130" for kind in ("nodegroups", "fargate_profiles")]
    with SimulatorProcess(600, *quotas) as simulator:
        aws = Surroundings(simulator)
        aws.cluster()
        for number in range(105):
            aws.nodegroup(f"group-{number:03}", settle=False)
            aws.fargate_profile(f"profile-{number:03}")
        check_listing(simulator)


def check_listing(simulator: SimulatorProcess) -> None:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as directory:
        run = Playbook(Path(directory), simulator.env).tasks(
            {"name": "Groups", "flotilla.eks.nodegroup_info": {"cluster_name": "prod"}},
            {"name": "Profiles", "flotilla.eks.fargate_profile_info": {"cluster_name": "prod"}},
        )
    assert len(run.results["Groups"]["nodegroups"]) == 105
    assert len(run.results["Profiles"]["fargate_profiles"]) == 105


def test_f6_profiles_are_made_one_after_the_other(aws: Surroundings, steps: Steps) -> None:
    """The service refuses a second profile while one is on its way; the module waits for its turn."""
    aws.cluster()
    aws.fargate_profile("first", settle=False)
    made = steps.run(
        "fargate_profile",
        cluster_name="prod",
        name="second",
        role_arn=aws.role("fargate"),
        subnets=aws.private_subnets,
        selectors=SELECTORS,
    )
    assert made["status"] == "ACTIVE"


def test_f7_tags_and_labels_come_back_as_they_are(aws: Surroundings, steps: Steps, ledger: Ledger) -> None:
    aws.cluster()
    made = steps.converge(
        "fargate_profile",
        cluster_name="prod",
        name="apps",
        role_arn=aws.role("fargate"),
        subnets=aws.private_subnets,
        selectors=SELECTORS,
        tags={"CostCenter": "4711"},
    )
    assert made["tags"] == {"CostCenter": "4711"}
    assert made["selectors"][0]["labels"] == {"appTier": "Web", "x": "1"}
    made = steps.converge("fargate_profile", cluster_name="prod", name="apps", tags={"costCenter": "1"})
    assert made["tags"] == {"costCenter": "1"}
    again = steps.run("fargate_profile", cluster_name="prod", name="apps")
    assert not again["changed"]
    assert ledger.operations() == ["DescribeFargateProfile"]
    gone = steps.converge("fargate_profile", cluster_name="prod", name="apps", state="absent")
    assert operations(gone) == ["DeleteFargateProfile"]
