# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables, and the pods that are counted in them."""

from __future__ import annotations

from typing import Any

from ansible_collections.flotilla.eks.plugins.plugin_utils._tables import placement, table


def pod(node: str | None, namespace: str, phase: str = "Running", ready: str = "True") -> dict[str, Any]:
    spec = {"nodeName": node} if node else {}
    conditions = [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": ready}]
    return {"metadata": {"namespace": namespace}, "spec": spec, "status": {"phase": phase, "conditions": conditions}}


def test_a_table() -> None:
    rows = [{"node_name": "a", "pods": 12, "ready": True}, {"node_name": "longer", "pods": 3, "zones": ["x", "y"]}]
    assert table(rows, ["node_name", "pods", "ready", "zones"]) == [
        "NODE NAME  PODS  READY  ZONES",
        "a            12  yes",
        "longer        3         x, y",
    ]


def test_a_table_of_nothing() -> None:
    assert table([], ["node", "pods"]) == ["NODE  PODS"]


def test_pods_by_node_and_namespace() -> None:
    pods = [
        pod("b", "web"),
        pod("a", "web"),
        pod("a", "web", ready="False"),
        pod("a", "jobs", phase="Succeeded", ready="False"),
        pod(None, "web", phase="Pending", ready="False"),
        {"metadata": {"namespace": "new"}},
    ]
    assert [tuple(row.values()) for row in placement(pods)] == [
        ("(not scheduled)", "new", 1, 0),
        ("(not scheduled)", "web", 1, 0),
        ("a", "web", 2, 1),
        ("b", "web", 1, 1),
    ]
