# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests of every form in one list, and what is said of those that are none."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.flotilla.eks.plugins.plugin_utils._manifests import manifests

FILE = """\
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}}
- {apiVersion: v1, kind: Namespace, metadata: {name: late}}
---
# nothing but a comment
"""


def thing(kind: str, name: str, namespace: str | None = None) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}


def test_every_form_in_one_order() -> None:
    found = manifests(
        [thing("ConfigMap", "a", "shop"), {**thing("Secret", "key", "shop"), "data": {"a": "hunter2"}}],
        [("web.yml", FILE)],
        ["shop", {"name": "jobs", "labels": {"team": "x"}}],
    )
    assert found["names"] == [
        "Namespace shop",
        "Namespace jobs",
        "Namespace late",
        "ConfigMap shop/a",
        "Secret shop/key",
        "Service shop/web",
    ]
    assert [item["metadata"]["name"] for item in found["objects"]] == ["shop", "jobs", "late", "a", "web"]
    assert [item["metadata"]["name"] for item in found["secrets"]] == ["shop", "jobs", "late", "key"]
    assert found["objects"][1]["metadata"] == {"name": "jobs", "labels": {"team": "x"}}
    assert found["later"] == []
    assert [item["metadata"]["name"] for item in found["namespaces"]] == ["late", "jobs", "shop"]
    assert found["removals"] == [
        thing("Service", "web", "shop"),
        thing("Secret", "key", "shop"),
        thing("ConfigMap", "a", "shop"),
    ]


def test_nothing() -> None:
    assert set(map(len, manifests([]).values())) == {0}


def test_what_goes_into_a_namespace_to_come() -> None:
    objects = [thing("ConfigMap", "a", "shop"), thing("ConfigMap", "b", "new"), thing("ClusterRole", "c")]
    found = manifests(objects, [], ["new"], existing=["shop"])
    assert found["later"] == ["ConfigMap new/b"]
    assert [item["metadata"]["name"] for item in found["objects"]] == ["new", "a", "c"]


@pytest.mark.parametrize(
    ("definitions", "texts", "problem"),
    [
        ([{"kind": "Pod", "metadata": {"name": "x"}}], [], r"^definition 1 lacks apiVersion$"),
        ([{"apiVersion": "v1", "kind": "Pod"}], [], r"^definition 1 lacks metadata.name$"),
        ([], [("a.yml", "data: hunter2")], r"^a.yml, document 1 lacks apiVersion and kind and metadata.name$"),
        ([], [("a.yml", "---\n---\nhunter2")], r"^a.yml, document 2 is no Kubernetes object, which is a mapping$"),
        ([], [("a.yml", "a: 1\nb: {hunter2")], r"^a.yml is not valid YAML \(line 2\)$"),
        ([{"kind": "PodList", "items": [{}]}], [], r"^definition 1, item 1 lacks "),
    ],
)
def test_what_is_no_object(definitions: list[Any], texts: list[tuple[str, str]], problem: str) -> None:
    with pytest.raises(AnsibleFilterError, match=problem) as error:
        manifests(definitions, texts)
    assert "hunter2" not in str(error.value)
