# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of which instances user data and consoles are read: each version of a launch template once, and a few instances."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client
from ansible_collections.flotilla.eks.plugins.module_utils._join.evidence import Case
from ansible_collections.flotilla.eks.plugins.module_utils._join.words import (
    BEYOND,
    LOOKED_AT,
    not_looked_at,
    representatives,
    with_words,
)
from support.join_evidence import case, evidence
from support.user_data import user_data

TEMPLATE = "lt-0a1b2c3d4e5f60718"
ENCODED = base64.b64encode(user_data().encode()).decode()


@dataclass
class Ec2:
    """Answers with the user data of all, and a console; refuses the ``refused`` operations, or ``latest`` output."""

    refused: Sequence[str] = ()
    latest: bool = True
    calls: list[tuple[str, Any]] = field(default_factory=list)

    def listed(self, _service: str, operation: str, _key: str, **members: Any) -> list[dict[str, Any]]:
        self._note(operation, members.get("Versions"))
        return [
            {"version_number": int(version), "launch_template_data": {"user_data": ENCODED}}
            for version in members["Versions"]
        ]

    def read(self, _service: str, operation: str, **members: Any) -> dict[str, Any]:
        self._note(operation, members["InstanceId"])
        if operation == "DescribeInstanceAttribute":
            return {"UserData": {"Value": ENCODED}}
        if members.get("Latest") and not self.latest:
            raise AwsError(operation, "UnsupportedOperation", "This instance type does not support it")
        return {"Output": f"console of {members['InstanceId']}"}

    def _note(self, operation: str, about: Any) -> None:
        self.calls.append((operation, about))
        if operation in self.refused:
            raise AwsError(operation, "UnauthorizedOperation", "You are not authorized")

    def asked(self, operation: str) -> list[Any]:
        return [about for name, about in self.calls if name == operation]


def number(index: int, version: str = "", **members: Any) -> Case:
    """One of many instances, launched from a version of the template or from none."""
    launched = {"aws:ec2launchtemplate:id": TEMPLATE, "aws:ec2launchtemplate:version": version} if version else {}
    tags = [{"key": key, "value": value} for key, value in launched.items()]
    return replace(case(instance_id=f"i-{index}", tags=tags, **members), told=None, console=None)


def words(ec2: Ec2, cases: list[Case], all_of_them: bool = False) -> list[Case]:
    return with_words(cast(Client, ec2), cases, evidence(), all_of_them)


def test_user_data_are_read_once_for_each_version() -> None:
    ec2 = Ec2()
    found = words(ec2, [number(index, "12"[index % 2]) for index in range(40)])
    assert ec2.asked("DescribeLaunchTemplateVersions") == [["1", "2"]]
    assert ec2.asked("DescribeInstanceAttribute") == []
    assert {one.told.cluster_name for one in found if one.told} == {"prod"}
    assert all(one.told for one in found)
    assert len(ec2.asked("GetConsoleOutput")) == LOOKED_AT
    assert len(not_looked_at(found)) == 40 - LOOKED_AT


def test_without_a_template_those_of_a_few_are_read() -> None:
    ec2 = Ec2()
    found = words(ec2, [number(index) for index in range(8)])
    assert len(ec2.asked("DescribeInstanceAttribute")) == LOOKED_AT
    assert [one.unread.get("user_data") for one in found].count(BEYOND["user_data"]) == 8 - LOOKED_AT
    assert [bool(one.told) for one in found].count(True) == LOOKED_AT


def test_all_that_are_named_are_read() -> None:
    ec2 = Ec2()
    found = words(ec2, [number(index) for index in range(8)], all_of_them=True)
    assert len(ec2.asked("GetConsoleOutput")) == len(ec2.asked("DescribeInstanceAttribute")) == 8
    assert not_looked_at(found) == []
    assert found[3].console == "console of i-3"


def test_a_template_that_may_not_be_read_is_got_round() -> None:
    ec2 = Ec2(refused=["DescribeLaunchTemplateVersions"])
    (found,) = words(ec2, [number(1, "1")])
    assert found.told
    assert ec2.asked("DescribeInstanceAttribute") == ["i-1"]


def test_what_is_refused_is_noted_with_the_action() -> None:
    (found,) = words(Ec2(refused=["DescribeInstanceAttribute", "GetConsoleOutput"]), [number(1)])
    assert {name: about.action for name, about in found.unread.items()} == {
        "user_data": "ec2:DescribeInstanceAttribute",
        "console": "ec2:GetConsoleOutput",
    }
    assert (found.told, found.console) == (None, None)
    assert not_looked_at([found]) == []


def test_consoles_of_older_types_are_read_as_they_were_last_written_down() -> None:
    (found,) = words(Ec2(latest=False), [number(1)])
    assert found.console == "console of i-1"


def test_without_pyyaml_nobody_reads_user_data(monkeypatch: pytest.MonkeyPatch) -> None:
    module = "ansible_collections.flotilla.eks.plugins.module_utils._join.words"
    monkeypatch.setattr(f"{module}.HAS_YAML", False)
    (found,) = words(Ec2(), [number(1)])
    assert "pip install PyYAML" in found.unread["user_data"].reason


def test_what_eks_keeps_to_itself_is_not_missed() -> None:
    managed = replace(number(1), node={**case().node, "kind": "managed"})
    ec2 = Ec2()
    ec2.read = lambda *_names, **_members: {"Output": "", "UserData": {}}  # type: ignore[method-assign]
    (found,) = words(ec2, [managed])
    assert "EKS writes" in found.unread["user_data"].reason


def test_a_few_of_as_many_sorts_as_there_are() -> None:
    many = [number(index) for index in range(10)]
    others = [number(20, "1"), number(21, subnet_id="subnet-b"), number(22, image_id="ami-2")]
    assert [one.id for one in representatives([*many, *others])] == ["i-0", "i-20", "i-21", "i-22", "i-1"]
    assert representatives([]) == []
