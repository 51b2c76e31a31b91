# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading: one by its identity, one that the service calls by an id of its own, and all of a cluster."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client
from ansible_collections.flotilla.eks.plugins.module_utils._model import Finder, Resource, Update, struct, text
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Desired, Refused, absent, present, title
from ansible_collections.flotilla.eks.plugins.module_utils._read import observe, observe_all
from ansible_collections.flotilla.eks.plugins.module_utils._resources.access_entry import ACCESS_ENTRY
from ansible_collections.flotilla.eks.plugins.module_utils._resources.nodegroup import NODEGROUP
from support.descriptors import IDENTITIES
from support.scripted import BROKEN, NOT_FOUND, ScriptedAws

pytestmark = pytest.mark.usefixtures("clock")

ASSOCIATION = Resource(
    kind="association",
    label="association",
    api="PodIdentityAssociation",
    identity={
        "cluster_name": ("cluster_name",),
        "namespace": ("namespace",),
        "service_account": ("service_account",),
    },
    listing="associations",
    arn="association_arn",
    finder=Finder(
        "association_id",
        "association_id",
        lambda item, identity: item["service_account"] == identity["service_account"],
    ),
    options=struct(role_arn=text()),
    required=("role_arn",),
    updates=(Update("UpdatePodIdentityAssociation", ("role_arn",)),),
    lifecycle=None,
)
WEB = {"cluster_name": "prod", "namespace": "shop", "service_account": "web"}
LISTED = [{"associationId": "a-1", "serviceAccount": "api"}, {"associationId": "a-2", "serviceAccount": "web"}]
DESCRIBED = {"associationId": "a-2", "serviceAccount": "web", "roleArn": "arn:old"}


def test_attachments_are_observed_when_asked_for() -> None:
    policy = {"policyArn": "arn:View", "accessScope": {"type": "namespace", "namespaces": ["a"]}}
    aws = ScriptedAws(
        {
            "DescribeAccessEntry": [{"accessEntry": {"type": "STANDARD"}}],
            "ListAssociatedAccessPolicies": [
                {"associatedAccessPolicies": [policy], "nextToken": "1"},
                {"associatedAccessPolicies": [{**policy, "policyArn": "arn:Edit"}]},
            ],
        }
    )
    entry = IDENTITIES["access_entry"]
    assert observe(Client(aws.connect), ACCESS_ENTRY, entry) == {"type": "STANDARD"}
    observed = observe(Client(aws.connect), ACCESS_ENTRY, entry, attachments=True)
    assert observed is not None
    assert [item["policy_arn"] for item in observed["policies"]] == ["arn:View", "arn:Edit"]


def test_what_has_an_id_of_its_own_is_found_by_its_identity() -> None:
    aws = ScriptedAws(
        {
            "ListPodIdentityAssociations": [{"associations": LISTED}],
            "DescribePodIdentityAssociation": [{"association": DESCRIBED}],
        }
    )
    observed = observe(Client(aws.connect), ASSOCIATION, WEB)
    assert observed == {"association_id": "a-2", "service_account": "web", "role_arn": "arn:old"}
    assert aws.calls == ["ListPodIdentityAssociations", "DescribePodIdentityAssociation"]

    (change,) = present(ASSOCIATION, Desired(WEB, {"role_arn": "arn:new"}), observed)
    assert change.params == {"association_id": "a-2", "role_arn": "arn:new"}
    assert [change.params for change in absent(ASSOCIATION, Desired(WEB), observed)] == [{"association_id": "a-2"}]
    assert title(ASSOCIATION, WEB) == "association web of namespace shop of cluster prod"


def test_what_is_there_twice_is_not_guessed_at() -> None:
    aws = ScriptedAws(
        {"ListPodIdentityAssociations": [{"associations": [*LISTED, {**LISTED[1], "associationId": "a-3"}]}]}
    )
    with pytest.raises(Refused, match="association web of namespace shop of cluster prod: found 2 of it: a-2, a-3"):
        observe(Client(aws.connect), ASSOCIATION, WEB)


@pytest.mark.parametrize("answer", [{"associations": LISTED[:1]}, NOT_FOUND])
def test_what_is_not_listed_does_not_exist(answer: Any) -> None:
    aws = ScriptedAws({"ListPodIdentityAssociations": [answer]})
    assert observe(Client(aws.connect), ASSOCIATION, WEB) is None


def test_all_are_read_but_what_vanishes_meanwhile() -> None:
    groups: list[Any] = [{"nodegroup": {"nodegroupName": "a"}}, NOT_FOUND]
    aws = ScriptedAws({"ListNodegroups": [{"nodegroups": ["a", "b"]}], "DescribeNodegroup": groups})
    assert observe_all(Client(aws.connect), NODEGROUP, {"cluster_name": "prod"}) == [{"nodegroup_name": "a"}]


def test_all_with_ids_of_their_own_are_read() -> None:
    aws = ScriptedAws(
        {
            "ListPodIdentityAssociations": [{"associations": LISTED}],
            "DescribePodIdentityAssociation": [{"association": DESCRIBED}],
        }
    )
    found = observe_all(Client(aws.connect), ASSOCIATION, {"cluster_name": "prod"})
    assert [item["association_id"] for item in found] == ["a-2", "a-2"]


def test_another_refusal_of_one_ends_it() -> None:
    aws = ScriptedAws({"ListNodegroups": [{"nodegroups": ["a"]}], "DescribeNodegroup": [BROKEN]})
    with pytest.raises(AwsError):
        observe_all(Client(aws.connect), NODEGROUP, {"cluster_name": "prod"})
