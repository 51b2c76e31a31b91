# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig as text: edited without loss of comments, order or layout, and refused without being quoted."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.module_utils import _yaml_text
from ansible_collections.flotilla.eks.plugins.module_utils._kubeconfig.contents import (
    KubeconfigError,
    Names,
    entries,
    exec_credential,
    merge,
    remove,
)
from ansible_collections.flotilla.eks.plugins.module_utils._kubeconfig.text import parse, render
from ansible_collections.flotilla.eks.plugins.module_utils._yaml_text import dump
from support.kubeconfigs import ARN, CLUSTER, by_hand, documents, layouts

NAMES = Names("demo", ARN, "demo@arn")
UNUSED = Names("new", "new-arn", "new@arn")


def merged(text: str, names: Names = NAMES) -> tuple[str, bool]:
    return render(text, merge(parse(text), names, entries(CLUSTER, names, exec_credential(CLUSTER))))


def comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.lstrip().startswith("# ")]


@pytest.fixture(params=["CSafeLoader", "SafeLoader"], autouse=True, scope="module")
def _each_parser(request: pytest.FixtureRequest) -> Any:
    """Both of PyYAML's parsers: a host may have it without libyaml."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_yaml_text, "_loader", lambda: getattr(yaml, request.param))
        yield


@settings(deadline=None, max_examples=50)
@given(documents())
def test_a_dumped_document_reads_the_same(document: dict[str, Any]) -> None:
    assert parse(dump(document)) == document


@settings(deadline=None, max_examples=50)
@given(layouts())
def test_a_rendered_text_means_what_was_wanted(text: str) -> None:
    wanted = merge(parse(text), NAMES, entries(CLUSTER, NAMES, exec_credential(CLUSTER)))
    assert parse(merged(text)[0]) == wanted
    assert parse(render(text, remove(wanted, NAMES.context))[0]) == remove(wanted, NAMES.context)


@settings(deadline=None, max_examples=50)
@given(layouts())
def test_a_text_that_means_it_already_is_not_touched(text: str) -> None:
    assert render(text, parse(text)) == (text, True)


@settings(deadline=None, max_examples=50)
@given(by_hand(), st.booleans())
def test_every_comment_outside_of_changed_entries_is_kept(text: str, known: bool) -> None:
    edited, layout_kept = merged(text, NAMES if known else UNUSED)
    assert layout_kept
    assert comments(edited) == comments(text)


@settings(deadline=None, max_examples=50)
@given(by_hand())
def test_every_line_of_others_is_kept_in_order(text: str) -> None:
    before = [
        line
        for line in text.splitlines()
        if not line.startswith(("current-context:", "clusters:", "contexts:", "users:"))
    ]
    after = iter(merged(text, UNUSED)[0].splitlines())
    assert all(line in after for line in before)


@settings(deadline=None, max_examples=50)
@given(layouts())
def test_removing_what_was_merged_restores_the_meaning(text: str) -> None:
    once, _kept = merged(text, UNUSED)
    again, _kept = render(once, remove(parse(once), UNUSED.context))
    assert remove(parse(again), UNUSED.context) == remove(merge_of_nothing(text), UNUSED.context)


def merge_of_nothing(text: str) -> Any:
    return merge(parse(text), UNUSED, entries(CLUSTER, UNUSED, exec_credential(CLUSTER)))


HAND_MADE = """\
# of the team
apiVersion: v1
kind: Config
clusters:
# the laptop
- name: kind          # single node
  cluster: {server: "https://127.0.0.1:6443"}
contexts:
  - context:
      cluster: kind
      user: kind
    name: kind
current-context: kind # for now
users:
- name: kind
  user:
    token: |
      abc
preferences: {}
# the end
"""


def test_entries_are_added_in_place_and_taken_out_again_to_the_letter() -> None:
    added, layout_kept = merged(HAND_MADE, UNUSED)
    assert layout_kept
    assert added == textwrap.dedent("""\
        # of the team
        apiVersion: v1
        kind: Config
        clusters:
        # the laptop
        - name: kind          # single node
          cluster: {server: "https://127.0.0.1:6443"}
        - cluster:
            certificate-authority-data: Q0E=
            server: https://demo.example
          name: new-arn
        contexts:
          - context:
              cluster: kind
              user: kind
            name: kind
          - context:
              cluster: new-arn
              user: new@arn
            name: new
        current-context: kind # for now
        users:
        - name: kind
          user:
            token: |
              abc
        - name: new@arn
          user:
            exec:
              apiVersion: client.authentication.k8s.io/v1beta1
              args:
              - eks
              - get-token
              - --cluster-name
              - demo
              - --region
              - eu-central-1
              - --output
              - json
              command: aws
              env: null
              interactiveMode: IfAvailable
              provideClusterInfo: false
        preferences: {}
        # the end
        """)
    assert render(added, remove(parse(added), "new")) == (HAND_MADE, True)


def test_a_new_text_starts_with_its_kind() -> None:
    text, layout_kept = merged("")
    assert layout_kept
    assert text.startswith("apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n")


def test_the_comment_of_an_empty_file_is_kept() -> None:
    text, layout_kept = merged("# nothing yet")
    assert layout_kept
    assert text.startswith("# nothing yet\napiVersion: v1\n")


def test_a_file_of_kubectl_is_edited_in_place() -> None:
    text = 'apiVersion: v1\nclusters: null\ncontexts: []\ncurrent-context: ""\nkind: Config\nusers: null\n'
    edited, layout_kept = merged(text)
    assert layout_kept
    assert [line for line in edited.splitlines() if line[0] not in " -"] == [
        "apiVersion: v1",
        "clusters:",
        "contexts:",
        "current-context: demo",
        "kind: Config",
        "users:",
    ]


def test_a_file_in_json_is_written_in_yaml() -> None:
    text, layout_kept = merged(json.dumps({"kind": "Config", "users": [{"name": "a", "user": {}}]}))
    assert not layout_kept
    assert [entry["name"] for entry in parse(text)["users"]] == ["a", NAMES.user]


def test_an_anchor_in_a_changed_entry_is_resolved_where_it_was_used() -> None:
    text = f"clusters:\n- name: {ARN}\n  cluster: &it\n    server: a\n- name: other\n  cluster: *it\n"
    edited, layout_kept = merged(text)
    assert not layout_kept
    assert parse(edited)["clusters"][1]["cluster"] == {"server": "a"}


@pytest.mark.parametrize("name", ["1e3", "12e5", "y", "0o17", "1.30", "123456789012", "yes", "null"])
def test_names_that_yaml_may_take_for_something_else_are_quoted(name: str) -> None:
    assert dump({"name": name}) == f"name: '{name}'\n"


SECRET = "hunter2-in-the-clear"


@pytest.mark.parametrize(
    "text",
    [
        f"users:\n- user: {{token: {SECRET}\n",
        f"users: [\n  token: {SECRET}",
        f"token: *{SECRET}",
        f"token: !{SECRET} a",
        f"token: {SECRET}\n---\ntoken: {SECRET}",
        f"a\t{SECRET}: :\n\t- b",
        f"? [{SECRET}]: {SECRET}\n",
        f"date: 2020-99-99\ntoken: {SECRET}",
        f"\x00{SECRET}",
        f"[{SECRET}]",
        SECRET,
    ],
)
def test_a_bad_file_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(KubeconfigError) as refusal:
        parse(text)
    assert SECRET not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


def test_bad_yaml_is_located() -> None:
    with pytest.raises(KubeconfigError, match="line 2, column 9"):
        parse("users: [a\nclusters: []\n")
