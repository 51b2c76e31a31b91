# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module update: lists, waits, cancels, and never more than that."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from eks_simulator.process import SimulatorProcess
from support.ledger import Ledger
from support.steps import Steps, operations
from support.surroundings import PAST_ANY_TRANSITION, Surroundings

NODES_GO_BACK = 6 * 3600


def on_its_way_back(aws: Surroundings) -> str:
    """The id of a rollback, of a cluster with EKS Auto Mode, that can still be stopped."""
    aws.auto_mode_cluster("prod", version="1.33")
    aws.eks.update_cluster_version(name="prod", version="1.34")
    aws.settle()
    return str(aws.eks.update_cluster_version(name="prod", version="1.33")["update"]["id"])


def protection(aws: Surroundings, wanted: bool) -> str:
    """The id of an update of the cluster that has just begun."""
    return str(aws.eks.update_cluster_config(name="prod", deletionProtection=wanted)["update"]["id"])


def test_updates_of_each_resource_are_listed_the_newest_first(aws: Surroundings, steps: Steps, ledger: Ledger) -> None:
    aws.cluster()
    aws.nodegroup("web")
    ids = []
    for wanted in (True, False, True):
        ids.append(protection(aws, wanted))
        aws.settle()
    aws.eks.update_nodegroup_config(clusterName="prod", nodegroupName="web", labels={"addOrUpdateLabels": {"a": "b"}})
    listed = steps.run("update", cluster_name="prod")
    assert ([update["id"] for update in listed["updates"]], listed["changed"]) == (ids[::-1], False)
    assert listed["updates"][0]["params"] == [{"type": "DeletionProtection", "value": "true"}]
    assert ledger.operations() == ["ListUpdates", *["DescribeUpdate"] * 3]
    (own,) = steps.run("update", cluster_name="prod", nodegroup_name="web")["updates"]
    assert own["type"] == "ConfigUpdate"
    (one,) = steps.run("update", cluster_name="prod", update_id=ids[0])["updates"]
    assert (one["id"], ledger.operations()) == (ids[0], ["DescribeUpdate"])


def test_more_updates_than_a_page_holds_are_listed(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    for number in range(105):
        protection(aws, number % 2 == 0)
        aws.settle()
    assert len(steps.run("update", cluster_name="prod")["updates"]) == 105


def test_the_end_of_what_is_in_progress_is_awaited(
    slow_aws: Surroundings, slow_steps: Steps, slow_simulator: SimulatorProcess
) -> None:
    slow_aws.cluster()
    number = protection(slow_aws, True)
    planned = slow_steps.run("update", cluster_name="prod", state="finished", check=True)
    assert planned["updates"][0]["status"] == "InProgress"
    with ThreadPoolExecutor() as pool:
        passing = pool.submit(let_time_pass_once_it_waits, slow_simulator)
        done = slow_steps.run("update", cluster_name="prod", state="finished", wait_delay=1)
        passing.result()
    assert (done["changed"], done["updates"][0]["status"]) == (False, "Successful")
    assert done["updates"][0]["id"] == number
    assert slow_steps.ledger.writes() == []


def let_time_pass_once_it_waits(simulator: SimulatorProcess) -> None:
    ledger = Ledger(simulator)
    for _glance in range(600):
        if len(ledger.calls(operation="DescribeUpdate")) > 1:
            return simulator.advance(PAST_ANY_TRANSITION)
        time.sleep(0.1)
    raise AssertionError("the module did not look at the update twice in a minute")


def test_an_end_in_failure_fails_the_task_with_the_reason(
    aws: Surroundings, steps: Steps, simulator: SimulatorProcess
) -> None:
    aws.cluster()
    simulator.fault(resource="cluster", name="prod", becomes="FAILED", code="AccessDenied", message="No way", count=1)
    number = protection(aws, True)
    aws.settle()
    message = steps.refused("update", cluster_name="prod", state="finished", update_id=number)
    assert message == f"updates of cluster prod: DeletionProtectionUpdate {number} Failed: AccessDenied: No way"
    assert steps.run("update", cluster_name="prod", state="finished")["updates"][0]["status"] == "Failed"


def test_a_wait_that_is_too_short_says_what_is_still_going_on(slow_aws: Surroundings, slow_steps: Steps) -> None:
    slow_aws.cluster()
    number = protection(slow_aws, True)
    message = slow_steps.refused("update", cluster_name="prod", state="finished", wait_timeout=1)
    assert f"waited 1 s for DeletionProtectionUpdate {number} to end, in vain. It is InProgress" in message


def test_a_rollback_is_stopped_once(aws: Surroundings, steps: Steps) -> None:
    number = on_its_way_back(aws)
    made = steps.converge("update", cluster_name="prod", state="cancelled")
    assert operations(made) == ["CancelUpdate"]
    assert (made["updates"][0]["id"], made["updates"][0]["status"]) == (number, "Cancelled")
    assert made["updates"][0]["cancellation"]["status"] == "Successful"
    assert made["diff"] == {"before": {number: "InProgress"}, "after": {number: "Cancelled"}}
    named = steps.run("update", cluster_name="prod", state="cancelled", update_id=number)
    assert not named["changed"]
    assert aws.eks.describe_cluster(name="prod")["cluster"]["version"] == "1.34"


def test_a_cancellation_need_not_be_waited_for_and_is_not_asked_for_twice(
    slow_aws: Surroundings, slow_steps: Steps
) -> None:
    on_its_way_back(slow_aws)
    made = slow_steps.converge("update", cluster_name="prod", state="cancelled", wait=False)
    assert made["updates"][0]["cancellation"]["status"] == "InProgress"


def test_nothing_in_progress_is_nothing_to_cancel(aws: Surroundings, steps: Steps, ledger: Ledger) -> None:
    aws.cluster()
    assert not steps.run("update", cluster_name="prod", state="cancelled")["changed"]
    number = protection(aws, True)
    aws.settle()
    assert not steps.run("update", cluster_name="prod", state="cancelled")["changed"]
    message = steps.refused("update", cluster_name="prod", state="cancelled", update_id=number)
    assert "status: found Successful, wanted InProgress" in message
    assert ledger.writes() == []


def test_what_eks_cannot_stop_is_refused_before_it_is_asked_also_in_check_mode(
    slow_aws: Surroundings, slow_steps: Steps
) -> None:
    number = on_its_way_back(slow_aws)
    slow_aws.simulator.advance(NODES_GO_BACK + 1)
    late = slow_steps.refused("update", cluster_name="prod", state="cancelled")
    assert f"VersionRollback {number} cannot be cancelled: the control plane has begun to go back" in late
    assert slow_steps.refused("update", check=True, cluster_name="prod", state="cancelled") == late
    slow_aws.simulator.advance(PAST_ANY_TRANSITION)
    protection(slow_aws, True)
    message = slow_steps.refused("update", cluster_name="prod", state="cancelled")
    assert "type: found DeletionProtectionUpdate, wanted VersionRollback" in message
    own = slow_steps.refused("update", cluster_name="prod", nodegroup_name="web", state="cancelled")
    assert own == "updates of node group web of cluster prod: EKS can cancel updates of clusters only"


def test_a_cancellation_that_comes_too_late_fails_the_task(
    slow_aws: Surroundings, slow_steps: Steps, slow_simulator: SimulatorProcess
) -> None:
    on_its_way_back(slow_aws)
    slow_simulator.advance(NODES_GO_BACK - 15)
    message = slow_steps.failed("update", cluster_name="prod", state="cancelled", wait_delay=1)
    assert "was not cancelled and is InProgress: The control plane rollback has already begun" in message


def test_errors_name_what_is_missing(aws: Surroundings, steps: Steps) -> None:
    assert "updates of cluster gone: ListUpdates: No cluster found" in steps.refused("update", cluster_name="gone")
    aws.cluster()
    assert "No update found for ID: 7" in steps.refused("update", cluster_name="prod", update_id="7")
    assert "mutually exclusive" in steps.refused(
        "update", cluster_name="prod", nodegroup_name="web", addon_name="coredns"
    )
