# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is odd about add-ons: documents, words for versions, and what is looked up for them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from ansible_collections.flotilla.eks.plugins.module_utils import _documents
from ansible_collections.flotilla.eks.plugins.module_utils._addon_versions import default, latest
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Desired, Refused, ailment, present
from ansible_collections.flotilla.eks.plugins.module_utils._resources.addon import ADDON, examine, resolve
from ansible_collections.flotilla.eks.plugins.module_utils._resources.pod_identity_association import (
    POD_IDENTITY_ASSOCIATION,
)
from support.descriptors import IDENTITIES
from support.strategies import DOCUMENTS

CNI = IDENTITIES["addon"]
SCHEMA = json.dumps({"type": "object", "additionalProperties": False, "properties": {"size": {"type": "integer"}}})


class Aws:
    """Answers what add-ons look up, and remembers what was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, service: str, operation: str, **members: Any) -> Any:
        assert service == "eks"
        self.asked.append(operation)
        return self.answers.get(operation)


def version(name: str, *fits: str, by_default: str = "") -> dict[str, Any]:
    return {
        "addon_version": name,
        "compatibilities": [{"cluster_version": fit, "default_version": fit == by_default} for fit in fits],
    }


OFFERED = {
    "addon_versions": [
        version("v1.9.3-eksbuild.11", "1.33", "1.34"),
        version("v1.10.0-eksbuild.2", "1.33", "1.34"),
        version("v1.9.3-eksbuild.3", "1.33", by_default="1.33"),
        version("v1.11.0-rc.1", "1.34"),
        version("v1.12.0-eksbuild.1", "1.35"),
    ]
}
CLUSTER = {"cluster": {"version": "1.33"}}


def test_the_latest_version_is_the_one_with_the_highest_numbers() -> None:
    assert latest(OFFERED, "1.33") == "v1.10.0-eksbuild.2"
    assert latest(OFFERED, "1.34") == "v1.10.0-eksbuild.2"  # and not a release candidate
    assert latest({"addon_versions": [version("v1.0.0-rc.1", "1.34")]}, "1.34") == "v1.0.0-rc.1"
    assert latest(OFFERED) == "v1.12.0-eksbuild.1"
    assert latest(OFFERED, "1.20") is None


def test_the_default_version_is_the_one_that_is_marked() -> None:
    assert default(OFFERED, "1.33") == "v1.9.3-eksbuild.3"
    assert default(OFFERED, "1.34") is None


@pytest.mark.parametrize(
    ("word", "found"), [("latest", "v1.10.0-eksbuild.2"), ("default", "v1.9.3-eksbuild.3"), ("v1", "v1"), (None, None)]
)
def test_words_become_versions(word: str | None, found: str | None) -> None:
    aws = Aws(DescribeCluster=CLUSTER, DescribeAddonVersions={"addons": [OFFERED]})
    desired = {**CNI, **({"addon_version": word} if word else {})}
    assert resolve(desired, None, aws).get("addon_version") == found
    assert aws.asked == (["DescribeCluster", "DescribeAddonVersions"] if word in ("latest", "default") else [])


@pytest.mark.parametrize(
    ("values", "observed"),
    [
        ({}, None),
        ({"configuration_values": {}}, None),
        ({"configuration_values": {"size": 1}}, {"configuration_values": {"size": 1}, "addon_version": "v1"}),
        ({"addon_version": "v2"}, {"addon_version": "v1"}),
    ],
)
def test_nothing_is_examined_where_no_configuration_is_sent(values: Any, observed: Any) -> None:
    aws = Aws()
    assert examine({**CNI, **values}, observed, aws) == []
    assert aws.asked == []


def test_configuration_is_examined_by_the_schema_of_the_version() -> None:
    aws = Aws(DescribeAddonConfiguration={"configuration_schema": SCHEMA})
    wanted = {**CNI, "addon_version": "v2", "configuration_values": {"size": "big"}}
    problem = 'configuration_values.size: found "big", wanted a value of type integer'
    assert examine(wanted, None, aws) == [problem]
    assert examine(wanted, {"addon_version": "v1"}, aws) == [problem]
    kept = {"addon_version": "v1", "configuration_values": {"size": "big"}}
    found = examine({**CNI, "addon_version": "v2"}, kept, aws)
    assert found[0] == problem
    assert found[1].startswith("these values are there from before, and v2 does not take them")
    assert set(aws.asked) == {"DescribeAddonConfiguration"}


def test_without_a_version_the_schema_is_that_of_the_default() -> None:
    answers = {"DescribeCluster": CLUSTER, "DescribeAddonVersions": {"addons": [OFFERED]}}
    aws = Aws(**answers, DescribeAddonConfiguration={"configuration_schema": SCHEMA})
    assert examine({**CNI, "configuration_values": {"colour": 1}}, None, aws) != []
    assert Aws().asked == []
    assert examine({**CNI, "configuration_values": {"colour": 1}}, None, Aws()) == []  # no cluster yet: a plan


@given(data=DOCUMENTS)
def test_a_document_is_the_same_in_any_spelling(data: Any) -> None:
    for text in (json.dumps(data), json.dumps(data, indent=3, sort_keys=True)):
        assert _documents.data_of(text) == data
        assert _documents.canonical(_documents.data_of(text)) == _documents.canonical(data)


def test_documents_tell_true_from_one_and_from_text() -> None:
    spellings = {_documents.canonical({"a": value}) for value in (1, True, "1", "true", None)}
    assert len(spellings) == 5
    assert _documents.canonical({}) == _documents.canonical(None) == ""


def test_yaml_is_read_and_what_is_neither_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _documents.data_of("a:\n  - 1: x\n") == {"a": [{"1": "x"}]}
    assert _documents.data_of(" ") == {}
    for wrong in ("{[}", "day: 2026-01-01", {"a": {1, 2}}):
        with pytest.raises(ValueError, match="JSON"):
            _documents.data_of(wrong)
    monkeypatch.setattr(_documents, "HAS_YAML", False)
    with pytest.raises(ValueError, match="this host has no PyYAML"):
        _documents.data_of("a: 1")


def test_a_service_account_role_is_sent_with_every_update() -> None:
    role, other = (f"arn:aws:iam::123456789012:role/{name}" for name in ("a", "b"))
    observed = {"addon_version": "v1", "service_account_role_arn": role, "status": "ACTIVE"}

    def sent(**values: str) -> Any:
        [change] = present(ADDON, Desired(CNI, values), observed)
        return change.params

    assert sent(addon_version="v2") == {"addon_version": "v2", "service_account_role_arn": role}
    assert sent(service_account_role_arn=other) == {"service_account_role_arn": other}
    assert sent(service_account_role_arn="") == {}


def test_what_ails_an_addon_is_said_with_the_remedy() -> None:
    issues = [{"code": "InsufficientNumberOfReplicas", "message": "No pods", "resource_ids": []}]
    said = ailment(ADDON, {"status": "DEGRADED", "health": {"issues": issues * 2}})
    assert said.startswith("InsufficientNumberOfReplicas: No pods; ")
    assert said.count("Give the cluster nodes") == 1


def test_an_association_that_belongs_to_an_addon_is_not_changed() -> None:
    there = {"association_id": "a-1", "owner_arn": "arn:addon", "role_arn": "arn:aws:iam::123456789012:role/a"}
    same = Desired(IDENTITIES["pod_identity_association"], {"role_arn": there["role_arn"]})
    assert present(POD_IDENTITY_ASSOCIATION, same, there) == []
    other = Desired(IDENTITIES["pod_identity_association"], {"role_arn": "arn:aws:iam::123456789012:role/b"})
    with pytest.raises(Refused, match="owner_arn: found arn:addon"):
        present(POD_IDENTITY_ASSOCIATION, other, there)
