# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module from its task's words to its result, in this process and against a scripted AWS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.flotilla.eks.plugins.module_utils import _entry
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from support.descriptors import IDENTITIES, RESOURCES
from support.jobs import cluster, group, update
from support.scripted import NOT_FOUND, Clock, Refusal, ScriptedAws


class Ended(Exception):
    """A module has ended."""

    def __init__(self, failed: bool, result: Values) -> None:
        super().__init__(failed, result)
        self.failed, self.result = failed, result


@dataclass
class ScriptedModule:
    """An AnsibleAWSModule without a process around it."""

    aws: ScriptedAws
    words: Values
    check_mode: bool = False
    _diff: bool = True

    def __call__(self, argument_spec: Values, supports_check_mode: bool) -> ScriptedModule:
        assert supports_check_mode
        result = ArgumentSpecValidator(argument_spec).validate(self.words)
        assert result.error_messages == []
        self.params, self.warnings = result.validated_parameters, list[str]()
        return self

    def client(self, service: str, config: Any = None) -> Any:
        return self.aws.connect(service, config)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def exit_json(self, **result: Any) -> NoReturn:
        raise Ended(False, result)

    def fail_json(self, **result: Any) -> NoReturn:
        raise Ended(True, result)


Run = Callable[..., Ended]


@pytest.fixture
def run(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the module of a kind of resource, or its info module, and returns how it ended."""

    def run(kind: str, aws: ScriptedAws, words: Values | None = None, info: bool = False, check: bool = False) -> Ended:
        given = {**({} if info else IDENTITIES[kind]), **(words or {})}
        module = ScriptedModule(aws, given, check_mode=check)
        monkeypatch.setattr(_entry, "AnsibleAWSModule", module)
        with pytest.raises(Ended) as ended:
            (_entry.run_info if info else _entry.run)(RESOURCES[kind])
        return ended.value

    return run


def test_result_has_the_resource_and_what_was_done(run: Run) -> None:
    after = group(labels={"appTier": "1"})
    aws = ScriptedAws({"DescribeNodegroup": [group(), after], "UpdateNodegroupConfig": [update("Successful")]})
    ended = run("nodegroup", aws, {"labels": {"appTier": 1}})
    assert not ended.failed
    result = ended.result
    assert (result["changed"], result["status"], result["labels"]) == (True, "ACTIVE", {"appTier": "1"})
    assert result["nodegroup"] == {name: result[name] for name in result["nodegroup"]}
    assert result["changes"] == [{"action": "update", "operation": "UpdateNodegroupConfig", "fields": ["labels"]}]
    assert result["diff"] == {
        "before": {},
        "after": {"labels": {"appTier": "1"}},
        "before_header": "node group web of cluster prod",
        "after_header": "node group web of cluster prod",
    }


@pytest.mark.parametrize("check", [True, False])
def test_result_of_nothing_to_do(run: Run, check: bool) -> None:
    ended = run("cluster", ScriptedAws({"DescribeCluster": [cluster()]}), check=check)
    assert (ended.failed, ended.result["changed"], ended.result["changes"]) == (False, False, [])
    assert ended.result["diff"] == {
        "before": {},
        "after": {},
        "before_header": "cluster prod",
        "after_header": "cluster prod",
    }


def test_removal_in_check_mode_tells_what_is_in_the_way(run: Run) -> None:
    listings: dict[str, list[Any]] = {
        "ListNodegroups": [{"nodegroups": ["web"]}],
        "ListFargateProfiles": [{"fargateProfileNames": []}],
        "ListCapabilities": [{"capabilities": []}],
    }
    ended = run("cluster", ScriptedAws({"DescribeCluster": [cluster()], **listings}), {"state": "absent"}, check=True)
    assert (ended.result["changed"], ended.result["blocked_by"]) == (True, ["node group web"])


@pytest.mark.parametrize(
    ("answer", "words", "message"),
    [
        (NOT_FOUND, {}, "node group web of cluster prod does not exist, and to create it these options are missing"),
        (group("CREATE_FAILED"), {}, "node group web of cluster prod: status: found CREATE_FAILED"),
        (group("DEGRADED"), {}, "node group web of cluster prod is DEGRADED"),
        (group(), {"version": "1.3"}, "node group web of cluster prod: version: found '1.3'"),
        (
            Refusal("AccessDeniedException", "No eks:DescribeNodegroup.", 403),
            {},
            "node group web of cluster prod: DescribeNodegroup: No eks:DescribeNodegroup.",
        ),
    ],
    ids=["missing options", "stillborn", "degraded", "nonsense", "refusal"],
)
def test_failure_names_the_resource(run: Run, answer: Any, words: Values, message: str) -> None:
    ended = run("nodegroup", ScriptedAws({"DescribeNodegroup": [answer]}), words)
    assert ended.failed
    assert ended.result["msg"].startswith(message)


def test_two_names_of_one_thing_fail_the_module(run: Run) -> None:
    words = {"subnets": ["a", "b"], "resources_vpc_config": {"subnet_ids": ["a", "b"]}}
    ended = run("cluster", ScriptedAws({}), words)
    assert ended.failed
    assert "two names of one thing" in ended.result["msg"]


def test_info_lists_all_from_all_pages(run: Run) -> None:
    names = [f"group-{number}" for number in range(120)]
    pages: list[Any] = [{"nodegroups": names[:100], "nextToken": "1"}, {"nodegroups": names[100:]}]
    aws = ScriptedAws({"ListNodegroups": pages, "DescribeNodegroup": [group()]})
    ended = run("nodegroup", aws, {"cluster_name": "prod"}, info=True)
    assert (ended.failed, ended.result["changed"], len(ended.result["nodegroups"])) == (False, False, 120)


def test_info_leaves_out_what_vanishes_meanwhile(run: Run) -> None:
    aws = ScriptedAws({"ListNodegroups": [{"nodegroups": ["a", "b"]}], "DescribeNodegroup": [NOT_FOUND, group()]})
    ended = run("nodegroup", aws, {"cluster_name": "prod"}, info=True)
    assert len(ended.result["nodegroups"]) == 1


def test_info_of_one_by_name(run: Run) -> None:
    aws = ScriptedAws({"DescribeCluster": [cluster(tags={"CostCenter": "1"})]})
    ended = run("cluster", aws, {"name": "prod"}, info=True)
    assert ended.result["clusters"] == [{"status": "ACTIVE", "version": "1.32", "tags": {"CostCenter": "1"}}]
    assert aws.calls == ["DescribeCluster"]


def test_info_of_a_name_that_is_not_there_is_empty(run: Run) -> None:
    ended = run("cluster", ScriptedAws({"DescribeCluster": [NOT_FOUND]}), {"name": "prod"}, info=True)
    assert (ended.failed, ended.result["clusters"]) == (False, [])


def test_info_of_access_entries_has_their_policies(run: Run) -> None:
    aws = ScriptedAws(
        {
            "ListAccessEntries": [{"accessEntries": ["arn:a"]}],
            "DescribeAccessEntry": [{"accessEntry": {"type": "STANDARD"}}],
            "ListAssociatedAccessPolicies": [{"associatedAccessPolicies": [{"policyArn": "arn:View"}]}],
        }
    )
    ended = run("access_entry", aws, {"cluster_name": "prod"}, info=True)
    assert ended.result["access_entries"] == [{"type": "STANDARD", "policies": [{"policy_arn": "arn:View"}]}]
