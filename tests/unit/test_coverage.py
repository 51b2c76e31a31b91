# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every operation of the installed botocore's EKS is reached by a module, or it is said why not."""

from __future__ import annotations

import subprocess
import sys

import pytest
from botocore.model import ServiceModel

from support import coverage
from support.checkout import CHECKOUT
from support.coverage import reached, table, unclaimed
from support.descriptors import EKS, RESOURCES, ROLES_ANYWHERE


def model_with(*operations: str) -> ServiceModel:
    """The service model with more operations."""
    known = EKS._service_description
    more = {name: {**known["operations"]["DescribeCluster"], "name": name} for name in operations}
    return ServiceModel({**known, "operations": {**known["operations"], **more}}, "eks")


def test_every_operation_is_accounted_for() -> None:
    assert unclaimed(RESOURCES.values(), EKS) == []
    assert unclaimed(RESOURCES.values(), ROLES_ANYWHERE) == []


def test_an_operation_is_reached_by_the_modules_of_its_descriptor() -> None:
    covered = reached(RESOURCES.values(), EKS)
    assert "nodegroup" in covered["UpdateNodegroupVersion"]
    assert "nodegroup_info" not in covered["UpdateNodegroupVersion"]
    assert {"nodegroup", "nodegroup_info"} <= set(covered["DescribeNodegroup"])
    assert {"access_entry", "access_entry_info"} <= set(covered["ListAssociatedAccessPolicies"])


def test_an_operation_is_reached_by_what_a_module_without_descriptor_calls() -> None:
    assert "kubeconfig" in reached(RESOURCES.values(), EKS)["DescribeCluster"]


def test_new_operation_of_the_api_is_named() -> None:
    grown = model_with("UpdateNodegroupMood")
    assert unclaimed(RESOURCES.values(), grown) == ["UpdateNodegroupMood: no module reaches it"]
    lines = list(table(RESOURCES.values(), grown))
    assert any(line.split() == ["UpdateNodegroupMood", "-", "(missing)"] for line in lines)


def test_stale_excuses_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    excuses = {"DescribeCluster": "no", "ListTagsForResource": "yes", "Sail": "no"}
    monkeypatch.setattr(coverage, "NOT_CALLED", {"eks": excuses})
    assert unclaimed(RESOURCES.values(), EKS) == [
        "DescribeCluster: a module reaches it, yet it stands in NOT_CALLED",
        "Sail: stands in NOT_CALLED, yet is no operation",
    ]


def test_the_command_prints_every_operation_and_last_how_many() -> None:
    command = [sys.executable, str(CHECKOUT / "tests" / "api_coverage.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *rows, last = done.stdout.splitlines()
    assert [row.split()[0] for row in rows] == sorted(EKS.operation_names)
    missing = sum(row.endswith("(missing)") for row in rows)
    assert (missing, last) == (0, f"operations: {len(rows)} of {len(rows)}")


def test_the_readme_says_how_many() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert list(table(RESOURCES.values(), EKS))[-1] == "operations: 70 of 70"
    assert "[![Operations of the EKS API: 70 of 70](" in readme
