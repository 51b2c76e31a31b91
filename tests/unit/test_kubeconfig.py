# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of an EKS cluster in a kubeconfig, as data: made, merged, removed, shown without secrets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.module_utils._kubeconfig.contents import (
    Document,
    KubeconfigError,
    Names,
    check,
    cluster_in,
    entries,
    exec_credential,
    merge,
    preview,
    remove,
    stored_token,
    token_credential,
    user_in,
)
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.endpoint import Cluster
from support.kubeconfigs import ARN, CLUSTER, documents, same_kubeconfig
from support.tokens import token_signed

NAMES = Names("demo", ARN, "demo@arn")  # names that generated documents may have too
UNUSED = Names("new", "new-arn", "new@arn")  # names that they never have
ROLE = "arn:aws:iam::123456789012:role/admin"
BODIES = entries(CLUSTER, NAMES, exec_credential(CLUSTER))


def named(document: Document, section: str, name: str) -> Any:
    return next(entry for entry in document[section] if entry["name"] == name)


def others(document: Document) -> list[Any]:
    """All entries but those of NAMES."""
    ours = {"clusters": NAMES.cluster, "contexts": NAMES.context, "users": NAMES.user}
    return [entry for section, name in ours.items() for entry in document.get(section) or [] if entry["name"] != name]


def test_new_document_is_a_whole_kubeconfig() -> None:
    assert merge({}, NAMES, BODIES) == {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "cluster": {"certificate-authority-data": "Q0E=", "server": "https://demo.example"},
                "name": ARN,
            }
        ],
        "contexts": [{"context": {"cluster": ARN, "user": "demo@arn"}, "name": "demo"}],
        "users": [{"user": exec_credential(CLUSTER), "name": "demo@arn"}],
        "current-context": "demo",
    }


def test_exec_credential() -> None:
    """With every member that kubectl 1.32 writes: a file that ``kubectl config set-...`` went over is no change."""
    assert exec_credential(CLUSTER) == {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "args": ["eks", "get-token", "--cluster-name", "demo", "--region", "eu-central-1", "--output", "json"],
            "command": "aws",
            "env": None,
            "interactiveMode": "IfAvailable",
            "provideClusterInfo": False,
        }
    }


def test_exec_credential_with_role_and_profile() -> None:
    command = exec_credential(CLUSTER, role_arn=ROLE, profile="ops")["exec"]
    assert command["args"][-2:] == ["--role-arn", ROLE]
    assert command["env"] == [{"name": "AWS_PROFILE", "value": "ops"}]


def test_local_cluster_on_outposts_goes_by_its_id() -> None:
    cluster = Cluster("demo", ARN, "https://demo.example", "Q0E=", outpost_id="0f4b-11")
    assert exec_credential(cluster)["exec"]["args"][2:4] == ["--cluster-id", "0f4b-11"]


def test_namespace_and_proxy_are_written_when_given() -> None:
    bodies = entries(CLUSTER, NAMES, exec_credential(CLUSTER), "web", "http://proxy:3128")
    assert bodies["contexts"]["namespace"] == "web"
    assert bodies["clusters"]["proxy-url"] == "http://proxy:3128"


@settings(deadline=None)
@given(documents())
def test_merge_is_idempotent(document: Document) -> None:
    once = merge(document, NAMES, BODIES)
    assert merge(once, NAMES, BODIES) == once


@settings(deadline=None)
@given(documents(), st.sampled_from([True, False, None]))
def test_merge_keeps_all_others(document: Document, current: bool | None) -> None:
    merged = merge(document, NAMES, BODIES, current)
    assert others(merged) == others(document)
    own = {"apiVersion", "kind", "clusters", "contexts", "users", "current-context"}
    assert {key: merged[key] for key in merged.keys() - own} == {key: document[key] for key in document.keys() - own}


@settings(deadline=None)
@given(documents())
def test_remove_after_merge_restores(document: Document) -> None:
    merged = merge(document, UNUSED, entries(CLUSTER, UNUSED, exec_credential(CLUSTER)))
    assert same_kubeconfig(remove(merged, UNUSED.context), document)


@settings(deadline=None)
@given(documents())
def test_removing_what_is_not_there_changes_nothing(document: Document) -> None:
    assert remove(document, "no such context") == document


@settings(deadline=None)
@given(documents())
def test_a_document_is_never_changed_in_place(document: Document) -> None:
    before = repr(document)
    remove(merge(document, NAMES, BODIES), NAMES.context)
    assert repr(document) == before


@pytest.mark.parametrize(
    ("before", "current", "after"),
    [
        ("", None, "demo"),
        ("other", None, "other"),
        ("other", True, "demo"),
        ("other", False, "other"),
        ("", False, ""),
    ],
)
def test_current_context(before: str, current: bool | None, after: str) -> None:
    assert merge({"current-context": before}, NAMES, BODIES, current)["current-context"] == after


def test_removing_the_current_context_leaves_none() -> None:
    assert remove(merge({}, NAMES, BODIES), "demo")["current-context"] == ""


def test_members_that_are_not_ours_stay_and_those_that_contradict_go() -> None:
    document = merge({}, NAMES, BODIES)
    named(document, "clusters", ARN)["cluster"] |= {"tls-server-name": "a", "insecure-skip-tls-verify": True}
    named(document, "contexts", "demo")["context"] |= {"namespace": "web"}
    named(document, "users", "demo@arn")["user"] = {"as": "auditor", "token": "old", "client-key-data": "key"}
    merged = merge(document, NAMES, BODIES)
    assert named(merged, "clusters", ARN)["cluster"] == {**BODIES["clusters"], "tls-server-name": "a"}
    assert named(merged, "contexts", "demo")["context"] == {**BODIES["contexts"], "namespace": "web"}
    assert named(merged, "users", "demo@arn")["user"] == {**BODIES["users"], "as": "auditor"}


def test_what_another_context_names_is_not_removed() -> None:
    viewer = Names("viewer", ARN, "viewer")
    document = merge(merge({}, NAMES, BODIES), viewer, entries(CLUSTER, viewer, exec_credential(CLUSTER)))
    rest = remove(document, "demo")
    assert [entry["name"] for entry in rest["clusters"]] == [ARN]
    assert [entry["name"] for entry in rest["users"]] == ["viewer"]


def test_where_a_context_leads() -> None:
    document = merge({}, NAMES, BODIES)
    assert (cluster_in(document, "demo"), user_in(document, "demo")) == (ARN, "demo@arn")
    assert cluster_in(document, "nowhere") is None


@pytest.mark.parametrize(
    ("stored_role", "wanted_role", "found"),
    [(None, None, True), (ROLE, ROLE, True), (None, ROLE, False), (ROLE, None, False)],
)
def test_stored_token_is_found_for_the_same_role(stored_role: str, wanted_role: str, found: bool) -> None:
    document = with_credential(token_credential("t", CLUSTER, stored_role))
    assert stored_token(document, NAMES.user, CLUSTER, wanted_role) == ("t" if found else None)


def test_stored_token_of_another_cluster_or_maker_is_not_found() -> None:
    other = Cluster("other", ARN.replace("demo", "other"), "https://other.example", "Q0E=")
    assert stored_token(with_credential(token_credential("t", CLUSTER)), NAMES.user, other) is None
    assert stored_token(with_credential({"token": "t"}), NAMES.user, CLUSTER) is None
    assert stored_token({}, NAMES.user, CLUSTER) is None


def test_extensions_of_others_stay_beside_ours() -> None:
    theirs = {"name": "theirs", "extension": {"a": 1}}
    document = with_credential({"extensions": [theirs]})
    as_token = merge(document, NAMES, {**BODIES, "users": token_credential("t", CLUSTER)})
    assert [item["name"] for item in named(as_token, "users", NAMES.user)["user"]["extensions"]] == [
        "theirs",
        "flotilla.eks",
    ]
    assert named(merge(as_token, NAMES, BODIES), "users", NAMES.user)["user"]["extensions"] == [theirs]


def with_credential(credential: dict[str, Any]) -> Document:
    return {"users": [{"name": NAMES.user, "user": credential}]}


SECRET = "hunter2-in-the-clear"


@pytest.mark.parametrize(
    "user",
    [
        {"token": SECRET},
        {"password": SECRET, "username": SECRET},
        {"client-key-data": SECRET, "client-certificate-data": SECRET},
        {"auth-provider": {"name": "oidc", "config": {"refresh-token": SECRET}}},
        {"exec": {"command": "login", "args": ["--password", SECRET]}},
        {
            "exec": {
                "command": "aws",
                "args": ["eks", "get-token"],
                "env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": SECRET}],
            }
        },
        {"extensions": [{"name": "theirs", "extension": {"token": SECRET}}]},
        {"something-new": SECRET},
    ],
)
def test_preview_hides_every_secret_of_a_user(user: dict[str, Any]) -> None:
    assert SECRET not in str(preview(with_credential(user), NAMES))


def test_preview_hides_the_password_of_a_proxy() -> None:
    bodies = entries(CLUSTER, NAMES, exec_credential(CLUSTER), proxy_url=f"http://me:{SECRET}@proxy:3128")
    shown = preview(merge({}, NAMES, bodies), NAMES)
    assert SECRET not in str(shown)
    assert shown["clusters"][0]["cluster"]["proxy-url"] == "http://proxy:3128"


def test_preview_tells_tokens_apart_by_their_end() -> None:
    earlier, later = (token_credential(token_signed(timedelta(minutes=ago)), CLUSTER) for ago in (9, 1))
    shown = [
        preview(with_credential(credential), NAMES)["users"][0]["user"]["token"] for credential in (earlier, later)
    ]
    assert shown == [
        "(hidden, valid until 2026-01-01T12:05:00+00:00)",
        "(hidden, valid until 2026-01-01T12:13:00+00:00)",
    ]


def test_preview_shows_the_command_and_no_other_entry() -> None:
    document = merge({"users": [{"name": "else", "user": {"token": SECRET}}]}, NAMES, BODIES)
    shown = preview(document, NAMES)
    assert [entry["name"] for entry in shown["users"]] == [NAMES.user]
    assert shown["users"][0]["user"]["exec"]["args"] == exec_credential(CLUSTER)["exec"]["args"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "not a kubeconfig"),
        ("text", "not a kubeconfig"),
        ({"kind": "Deployment"}, "not a kubeconfig"),
        ({"users": {"a": 1}}, "'users' that is not a list"),
        ({"clusters": ["a"]}, "without a name: number 1 of 'clusters'"),
        ({"contexts": [{"name": "a"}, {"context": {}}]}, "without a name: number 2 of 'contexts'"),
        ({"contexts": [{"name": "a", "context": "b"}]}, "of another form: number 1 of 'contexts'"),
        ({"users": [{"name": "a", "user": {"extensions": {"b": 1}}}]}, "of another form: number 1 of 'users'"),
        ({"users": [{"name": "a"}, {"name": "a"}]}, "two entries of one name: number 2 of 'users'"),
    ],
)
def test_what_is_no_kubeconfig(document: Any, message: str) -> None:
    with pytest.raises(KubeconfigError, match=message):
        check(document)


@pytest.mark.parametrize("document", [None, {}, {"clusters": None}, {"users": [{"name": "a", "user": None}]}])
def test_what_is_a_kubeconfig_all_the_same(document: Any) -> None:
    assert check(document) == (document or {})
