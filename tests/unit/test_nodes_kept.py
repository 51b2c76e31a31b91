# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels and taints that are kept on Nodes: what goes, what stays, and what is somebody else's."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.module_utils._nodes.kept import MEMORY, change

GPU = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}
SPOT = {"key": "spot", "value": "", "effect": "NoExecute"}
NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule", "timeAdded": "2026-01-01T00:00:00Z"}

LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"))
TAINTS = st.lists(st.sampled_from([GPU, {**GPU, "value": ""}, SPOT]), unique_by=lambda taint: taint["key"])
FOREIGN = st.lists(st.sampled_from([NOT_READY, {"key": "x", "effect": "NoSchedule"}]), unique_by=lambda t: t["key"])


def node(
    labels: dict[str, str] | None = None, taints: list[dict[str, Any]] | None = None, memory: str = ""
) -> dict[str, Any]:
    annotations = {MEMORY: memory} if memory else {}
    metadata = {"name": "n", "resourceVersion": "7", "labels": labels or {}, "annotations": annotations}
    return {"metadata": metadata, "spec": {"taints": taints} if taints else {}}


def patched(before: dict[str, Any], patch: dict[str, Any] | None) -> dict[str, Any]:
    """The Node after a merge patch (RFC 7396)."""

    def merged(target: Any, change: Any) -> Any:
        if not isinstance(change, dict):
            return change
        base = target if isinstance(target, dict) else {}
        both = {**base, **{key: merged(base.get(key), value) for key, value in change.items()}}
        return {key: value for key, value in both.items() if value is not None}

    result: dict[str, Any] = merged(before, patch or {})
    return result


def test_what_is_omitted_is_left_alone() -> None:
    assert change(node({"a": "1"}, [GPU]), None, None) is None


def test_what_is_there_is_only_remembered() -> None:
    patch = change(node({"a": "1", "zone": "x"}, [GPU]), {"a": "1"}, [GPU])
    kept = json.dumps({"labels": ["a"], "taints": ["gpu:NoSchedule"]})
    assert patch == {"metadata": {"annotations": {MEMORY: kept}}}


def test_what_is_not_wanted_any_more_goes_and_what_others_set_stays() -> None:
    memory = json.dumps({"labels": ["a", "b"], "taints": ["gpu:NoSchedule"]})
    before = node({"a": "1", "b": "2", "zone": "x"}, [GPU, NOT_READY], memory)
    after = patched(before, change(before, {"a": "3"}, [SPOT]))
    assert after["metadata"]["labels"] == {"a": "3", "zone": "x"}
    assert after["spec"]["taints"] == [NOT_READY, {"key": "spot", "effect": "NoExecute"}]


def test_taints_are_replaced_only_as_they_were_read() -> None:
    patch = change(node({}, [GPU]), None, [SPOT])
    assert patch is not None
    assert patch["metadata"]["resourceVersion"] == "7"
    patch = change(node({}, []), {"a": "1"}, [])
    assert patch is not None
    assert "resourceVersion" not in patch["metadata"]


def test_another_value_of_a_taint_takes_the_place_of_the_first() -> None:
    before = node({}, [GPU])
    assert patched(before, change(before, None, [{**GPU, "value": "no"}]))["spec"]["taints"] == [{**GPU, "value": "no"}]


def test_a_memory_that_somebody_spoilt_is_none() -> None:
    for memory in ("{", "[]", '{"labels": 1}', "null"):
        before = node({"a": "1"}, [], memory)
        assert patched(before, change(before, {}, None))["metadata"]["labels"] == {"a": "1"}


@given(LABELS, st.lists(st.tuples(LABELS, TAINTS), min_size=1, max_size=4), FOREIGN)
def test_after_any_wishes_the_last_holds_and_is_stable(
    foreign: dict[str, str], wishes: list[tuple[dict[str, str], list[dict[str, str]]]], others: list[dict[str, Any]]
) -> None:
    now = node({f"of-others/{key}": value for key, value in foreign.items()}, others)
    before = now
    for labels, taints in wishes:
        now = patched(now, change(now, labels, taints))
    kept, at_last = wishes[-1]
    theirs = before["metadata"]["labels"]
    assert now["metadata"]["labels"] == {**theirs, **kept}
    bare = [{name: value for name, value in taint.items() if value} for taint in at_last]
    found = now["spec"].get("taints", [])
    assert sorted(map(str, found)) == sorted(map(str, [*others, *bare]))
    assert change(now, kept, at_last) is None
