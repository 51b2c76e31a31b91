# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No text can be more than it is in user data: whatever it holds, a parser reads it back, or it is refused."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.plugin_utils._documents import as_toml, as_yaml
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data import node_user_data
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_checks import UserDataError
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_windows import quoted
from support.user_data import (
    CLUSTER,
    LITERAL,
    QUOTES,
    labels,
    node_configs,
    parts,
    read_yaml,
    settings,
    taints,
    user_data,
)

FAMILIES = ["al2023", "bottlerocket", "ubuntu", "windows"]
NASTY = [
    "y", "no", "null", "~", "true", "1e3", "0o7", "0x1f", "1_000", "1.30", "12:30:45", "2026-11-22", ".inf", "<<", "=",
    "'; reboot #", '" ; reboot #', "$(reboot)", "`reboot`", "${HOME}", "a\nb", "a\r\nb", "\r", "\t", " a ", "#a", "- a",
    "a: b", "{{ a }}", "%SystemRoot%", "'''", '"""', "\\", "\\u0041", "--", "--boundary--", "\n--x\n", "From here",
    "</powershell>", "\u2018; reboot\u2019", "\x7f", "\x00", "\x85", "\u2028", "\ufeff", "\U0001f600", "ümlaut", "",
    "[a]", "a]\nb = 1", "a.b", "x" * 64,
]  # fmt: skip
TEXTS = st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
WORDS = st.sampled_from(["y", "null", "1e3", "0o7", "1.30", "a_b", "A-1"]) | st.from_regex(
    r"[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?", fullmatch=True
)
KEYS = WORDS | st.builds("{}/{}".format, st.sampled_from(["a.b", "example.com", "1.2.3"]), WORDS)
SCALARS = TEXTS | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
DATA = st.dictionaries(
    TEXTS, st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))
)


@given(DATA)
def test_yaml_is_read_back(data: dict[str, Any]) -> None:
    assert read_yaml(as_yaml(data)) == data


@given(DATA)
def test_toml_is_read_back(data: dict[str, Any]) -> None:
    assert tomllib.loads(as_toml(data)) == data


@given(TEXTS)
def test_a_literal_of_powershell_is_read_back(text: str) -> None:
    match = LITERAL.fullmatch(f"-a {quoted(text)}")
    assert match
    assert re.sub(f"([{QUOTES}])[{QUOTES}]", r"\1", match[2]) == text


@pytest.mark.parametrize("family", FAMILIES)
@given(
    wanted=st.dictionaries(KEYS, st.just("") | WORDS, max_size=4), effect=st.sampled_from(["NoSchedule", "NoExecute"])
)
def test_labels_and_taints_are_read_back(family: str, wanted: dict[str, str], effect: str) -> None:
    given_taints = [{"key": key, "value": value, "effect": effect} for key, value in wanted.items()]
    text = user_data(family, labels=wanted, taints=given_taints)
    assert labels(family, text) == wanted
    assert taints(family, text) == {(key, value, effect) for key, value in wanted.items()}


@pytest.mark.parametrize("family", FAMILIES)
@given(key=TEXTS, value=TEXTS)
def test_a_hostile_label_is_refused_or_read_back(family: str, key: str, value: str) -> None:
    try:
        text = user_data(family, labels={key: value})
    except UserDataError:
        return
    assert labels(family, text) == {key: value}


@pytest.mark.parametrize("family", FAMILIES)
@given(name=TEXTS)
def test_a_hostile_name_is_refused(family: str, name: str) -> None:
    """As no cluster can have it: the pattern of CreateCluster lets through letters, digits, - and _."""
    harmless = bool(name) and name.isascii() and name.replace("-", "a").replace("_", "a").isalnum()
    try:
        node_user_data({**CLUSTER, "name": name}, family)
    except UserDataError:
        return
    assert harmless


@given(kubelet=DATA, environment=st.dictionaries(TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=2), max_size=2))
def test_data_for_nodeadm_are_read_back(kubelet: Mapping[str, Any], environment: dict[str, Any]) -> None:
    more = {"instance": {"environment": environment}}
    ours, *others = node_configs(_of_any_length(kubelet=kubelet, node_config=more))
    assert ours.get("kubelet", {}).get("config", {}) == kubelet
    assert others == [more]


@given(data=DATA)
def test_settings_of_bottlerocket_are_read_back(data: dict[str, Any]) -> None:
    found = settings(_of_any_length("bottlerocket", settings={"motd": "a", "metrics": data}))
    assert found["metrics"] == data


@given(scripts=st.lists(TEXTS, max_size=3))
def test_scripts_are_read_back(scripts: list[str]) -> None:
    """Every sign of them, in MIME and in cloud-config."""
    whole = [f"#!/bin/sh\n{script}" for script in scripts]
    assert [content for kind, content in parts(user_data(before=whole)) if kind == "text/x-shellscript"] == whole


def _of_any_length(family: str = "al2023", **options: Any) -> str:
    """User data without a look at its length, which is not what is tested here."""
    with pytest.MonkeyPatch.context() as patch:
        module = "ansible_collections.flotilla.eks.plugins.plugin_utils._user_data"
        patch.setattr(f"{module}.MOST_BYTES", 2**20)
        return user_data(family, **options)
