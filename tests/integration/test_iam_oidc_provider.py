# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module iam_oidc_provider: check, real, again, over the life of a provider."""

from __future__ import annotations

import pytest

from eks_simulator.process import SimulatorProcess
from support.ledger import Ledger
from support.playbook import Playbook
from support.steps import Steps, fields, operations
from support.surroundings import Surroundings

MODULE = "iam_oidc_provider"


@pytest.fixture
def issuer(aws: Surroundings) -> str:
    """The issuer of the cluster prod."""
    return str(aws.eks.describe_cluster(name=aws.cluster())["cluster"]["identity"]["oidc"]["issuer"])


def test_its_whole_life(aws: Surroundings, steps: Steps, issuer: str) -> None:
    made = steps.converge(MODULE, cluster_name="prod", tags={"CostCenter": "1", "Team": "a"})
    assert operations(made) == ["CreateOpenIDConnectProvider"]
    assert fields(made) == {"url", "client_ids", "tags"}
    assert (made["url"], made["client_ids"]) == (issuer, ["sts.amazonaws.com"])
    assert made["tags"] == {"CostCenter": "1", "Team": "a"}
    assert made["arn"].endswith(f":oidc-provider/{issuer.removeprefix('https://')}")
    found = aws.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=made["arn"])
    assert found["ClientIDList"] == ["sts.amazonaws.com"]

    tagged = steps.converge(MODULE, cluster_name="prod", tags={"CostCenter": "2"})
    assert operations(tagged) == ["UntagOpenIDConnectProvider", "TagOpenIDConnectProvider"]
    assert tagged["diff"]["before"] == {"tags": {"Team": "a", "CostCenter": "1"}}
    assert tagged["diff"]["after"] == {"tags": {"CostCenter": "2"}}
    more = steps.converge(MODULE, url=issuer, client_ids=["sts.amazonaws.com", "own"])
    assert operations(more) == ["AddClientIDToOpenIDConnectProvider"]
    assert not steps.run(MODULE, cluster_name="prod")["changed"]
    less = steps.converge(MODULE, cluster_name="prod", purge_client_ids=True)
    assert (operations(less), less["client_ids"]) == (
        ["RemoveClientIDFromOpenIDConnectProvider"],
        ["sts.amazonaws.com"],
    )

    gone = steps.converge(MODULE, cluster_name="prod", state="absent")
    assert operations(gone) == ["DeleteOpenIDConnectProvider"]
    assert "arn" not in gone


def test_no_thumbprint_is_sent_and_three_calls_see_that_nothing_is_to_be_done(
    steps: Steps, ledger: Ledger, issuer: str
) -> None:
    steps.run(MODULE, cluster_name="prod")
    (creation,) = ledger.writes()
    assert creation["parameters"] == {"Url": issuer, "ClientIDList.member.1": "sts.amazonaws.com"}
    steps.run(MODULE, cluster_name="prod")
    assert ledger.operations() == ["DescribeCluster", "ListOpenIDConnectProviders", "GetOpenIDConnectProvider"]


def test_one_that_others_made_is_adopted(aws: Surroundings, steps: Steps, issuer: str) -> None:
    aws.iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["theirs"], ThumbprintList=["a" * 40])
    made = steps.converge(MODULE, cluster_name="prod")
    assert operations(made) == ["AddClientIDToOpenIDConnectProvider"]
    assert (sorted(made["client_ids"]), made["thumbprints"]) == (["sts.amazonaws.com", "theirs"], ["a" * 40])


def test_a_creation_whose_answer_is_lost_is_found_again(simulator: SimulatorProcess, steps: Steps, issuer: str) -> None:
    simulator.fault(operation="CreateOpenIDConnectProvider", drop=True, count=1)
    made = steps.run(MODULE, cluster_name="prod", tags={"a": "b"})
    assert (made["changed"], made["url"], made["tags"]) == (True, issuer, {"a": "b"})


def test_in_check_mode_the_cluster_may_be_made_by_an_earlier_task(steps: Steps, aws: Surroundings) -> None:
    planned = steps.run(MODULE, check=True, cluster_name="prod")
    assert (planned["changed"], operations(planned)) == (True, ["CreateOpenIDConnectProvider"])
    message = steps.refused(MODULE, cluster_name="prod")
    assert message.startswith("OIDC provider of cluster prod: the cluster has no issuer. Create it and wait")
    aws.cluster(settle=False)
    assert "has no issuer" in steps.refused(MODULE, cluster_name="other")


def test_of_a_cluster_that_is_gone_nothing_can_be_removed_but_by_its_url(
    playbook: Playbook, steps: Steps, aws: Surroundings, issuer: str
) -> None:
    steps.run(MODULE, cluster_name="prod")
    aws.eks.delete_cluster(name="prod")
    aws.settle()
    absent = {"name": "Remove", f"flotilla.eks.{MODULE}": {"cluster_name": "prod", "state": "absent"}}
    run = playbook.tasks(absent, warns=True)
    assert not run.last["changed"]
    assert any("can only be found and removed by its url" in warning for warning in run.warnings)
    assert operations(steps.converge(MODULE, url=issuer, state="absent")) == ["DeleteOpenIDConnectProvider"]


def test_bad_words_are_refused(steps: Steps, issuer: str) -> None:
    assert "wanted an address that begins with https://" in steps.refused(MODULE, url="issuer.example.org")
    assert "aws:" in steps.refused(MODULE, cluster_name="prod", tags={"aws:x": "y"})
    assert "one of the following is required: cluster_name, url" in steps.refused(MODULE)
    assert "mutually exclusive" in steps.refused(MODULE, cluster_name="prod", url=issuer)
