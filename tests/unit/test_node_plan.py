# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done on an instance: the plan, what must be there after it, and what nodeadm complains of."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.plan import (
    Observed,
    Plan,
    Wanted,
    complaints,
    digest,
    lacking,
    plan,
    text_of,
)

OURS = "90-flotilla-eks.json"
URL = "https://prod.example"
WANTED = Wanted("{}\n", URL, "Q0E=")
WELL = Observed(
    configs={OURS: "{}\n"},
    applied=digest({OURS: "{}\n"}),
    endpoint=URL,
    authority="Q0E=\n",
    kubelet="active",
    enabled="enabled",
)
TEXTS = st.sampled_from(["", "{}\n", "other"])
OBSERVED = st.builds(
    Observed,
    configs=st.dictionaries(st.sampled_from([OURS, "10-own.yaml"]), TEXTS),
    applied=st.sampled_from(["", WELL.applied]),
    endpoint=st.sampled_from(["", URL, "https://other.example"]),
    authority=st.sampled_from(["", "Q0E=", "Q0I="]),
    kubelet=st.sampled_from(["", "active", "activating", "failed", "inactive"]),
    enabled=st.sampled_from(["", "enabled", "disabled"]),
)


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({}, Plan(write=False)),
        ({"enabled": "disabled"}, Plan(write=False, enable=True)),
        ({"kubelet": "failed"}, Plan(write=False, reasons=["the kubelet is failed"])),
        ({"kubelet": "activating"}, Plan(write=False, reasons=["the kubelet is activating"], restart=True)),
        (
            {"endpoint": "https://other.example"},
            Plan(write=False, reasons=["the kubelet is led to https://other.example"], restart=True),
        ),
        (
            {"authority": "Q0I="},
            Plan(write=False, reasons=["the kubelet trusts another certificate authority"], restart=True),
        ),
        # Somebody put a NodeConfig of his own beside ours, or a run was killed before it was through.
        (
            {"configs": {**WELL.configs, "10-own.yaml": "x"}},
            Plan(write=False, reasons=["its NodeConfig is not the one that the kubelet runs by"], restart=True),
        ),
        (
            {"configs": {OURS: "old"}, "applied": digest({OURS: "old"})},
            Plan(write=True, reasons=["its NodeConfig is not the one that the kubelet runs by"], restart=True),
        ),
    ],
)
def test_what_is_there_decides(changed: dict[str, object], wanted: Plan) -> None:
    assert plan(OURS, WANTED, replace(WELL, **changed)) == wanted  # type: ignore[arg-type]


@given(OBSERVED)
def test_after_what_was_planned_there_is_nothing_to_do(observed: Observed) -> None:
    todo = plan(OURS, WANTED, observed)
    configs = {**observed.configs, OURS: WANTED.config}
    after = replace(observed, configs=configs, enabled="enabled")
    if todo.reasons:
        after = replace(after, applied=digest(configs), endpoint=URL, authority="Q0E=", kubelet="active")
    assert not plan(OURS, WANTED, after).changes


@given(OBSERVED)
def test_a_kubelet_that_runs_as_wanted_is_never_touched(observed: Observed) -> None:
    todo = plan(OURS, WANTED, observed)
    if not todo.reasons:
        assert (todo.write, todo.restart) == (False, False)
        assert lacking(WANTED, observed, rewritten=True) == []


def test_what_is_lacking_after_nodeadm_is_told() -> None:
    assert lacking(WANTED, WELL, rewritten=True) == []
    assert lacking(WANTED, WELL, rewritten=False) == ["nodeadm has written nothing, though it ended with 0"]
    nothing = replace(WELL, endpoint="", authority="", kubelet="")
    assert lacking(WANTED, nothing, rewritten=True) == [
        f"the kubelet is led to no cluster, not to {URL}",
        "the kubelet does not trust the cluster's certificate authority",
        "its unit is not there",
    ]


def test_of_its_log_only_complaints_are_told() -> None:
    log = [
        {"level": "info", "msg": "Loaded configuration", "config": {"environment": {"https_proxy": "u:secret@p"}}},
        {"level": "error", "msg": "Failed to cache config"},
        {"level": "fatal", "msg": "Command failed", "error": "no config in chain"},
    ]
    said = complaints("\n".join(["not JSON", "[]", *map(json.dumps, log)]))
    assert said == ["Failed to cache config", "Command failed: no config in chain"]


def test_the_same_content_has_the_same_text() -> None:
    assert text_of({"b": 1, "a": {"d": 2, "c": 3}}) == text_of({"a": {"c": 3, "d": 2}, "b": 1})


@given(st.dictionaries(st.text(), st.text()), st.dictionaries(st.text(), st.text()))
def test_digests_differ_where_the_files_do(one: dict[str, str], other: dict[str, str]) -> None:
    assert (digest(one) == digest(other)) == (one == other)
