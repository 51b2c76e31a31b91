# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of aws-auth: what is listed comes or goes, all else stays as it is."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.module_utils import _aws_auth_entry
from ansible_collections.flotilla.eks.plugins.module_utils._aws_auth import TYPES, BadRows, Row, edited
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import KubernetesError
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience

ROLE = "arn:aws:iam::123456789012:role"
NODE = Row(f"{ROLE}/node", *TYPES["EC2_LINUX"])
BY_HAND = """\
# Who may enter
- rolearn: arn:aws:iam::123456789012:role/ops  # the people on call
  username: ops:{{SessionName}}
  groups:
    - system:masters
# The first nodes
- groups: [system:nodes, system:bootstrappers]
  rolearn: arn:aws:iam::123456789012:role/node
  username: "system:node:{{EC2PrivateDNSName}}"
# the end
"""


def brought(text: str | None, *rows: Row, present: bool = True, section: str = "mapRoles") -> tuple[str, list[str]]:
    result = edited({} if text is None else {section: text, "other": "x"}, {section: rows}, present)
    assert result.rewritten == []
    return result.data.get(section, ""), result.changes


def test_a_row_that_is_there_is_left_alone() -> None:
    assert brought(BY_HAND, NODE) == (BY_HAND, [])
    assert brought(BY_HAND, Row(f"{ROLE}/ops")) == (BY_HAND, [])
    assert brought(BY_HAND, Row(f"{ROLE}/other"), present=False) == (BY_HAND, [])


def test_a_missing_row_is_added_below_the_last() -> None:
    text, changes = brought(BY_HAND, Row(f"{ROLE}/team/path/dev", "dev", ("view",)))
    assert changes == [f"mapRoles: add {ROLE}/dev"]
    row = f"- rolearn: {ROLE}/dev\n  username: dev\n  groups:\n  - view\n"
    assert text == BY_HAND.replace("# the end", row + "# the end")


def test_a_row_is_changed_where_it_stands() -> None:
    text, changes = brought(BY_HAND, Row(f"{ROLE}/ops", groups=("view",)))
    assert changes == [f"mapRoles: change {ROLE}/ops"]
    assert yaml.safe_load(text)[0] == {"rolearn": f"{ROLE}/ops", "username": "ops:{{SessionName}}", "groups": ["view"]}
    assert text.partition("# The first nodes")[2] == BY_HAND.partition("# The first nodes")[2]


def test_a_row_goes_and_its_neighbours_stay() -> None:
    text, changes = brought(BY_HAND, Row(f"{ROLE}/ops"), present=False)
    assert changes == [f"mapRoles: remove {ROLE}/ops"]
    assert text == "# Who may enter\n" + BY_HAND[BY_HAND.index("# The first") :]
    nothing, changes = brought(BY_HAND, Row(f"{ROLE}/ops"), NODE, present=False)
    assert (yaml.safe_load(nothing), len(changes)) == (None, 2)


def test_a_path_makes_a_row_worthless_and_is_taken_out() -> None:
    text, changes = brought(f"- rolearn: {ROLE}/team/node\n- rolearn: {ROLE}/node\n", NODE)
    assert changes == [f"mapRoles: change {ROLE}/team/node", f"mapRoles: remove {ROLE}/node"]
    assert [row["rolearn"] for row in yaml.safe_load(text)] == [f"{ROLE}/node"]
    user = "arn:aws:iam::123456789012:user/team/ada"
    assert yaml.safe_load(brought(None, Row(user), section="mapUsers")[0]) == [{"userarn": user}]


@pytest.mark.parametrize("text", [None, "", "[]", "# nobody yet", "# nobody yet\n", "null"])
def test_the_first_row(text: str | None) -> None:
    made, changes = brought(text, NODE)
    assert changes == [f"mapRoles: add {ROLE}/node"]
    assert [row["rolearn"] for row in yaml.safe_load(made)] == [f"{ROLE}/node"]
    assert brought(made, NODE) == (made, [])


def test_a_layout_that_cannot_be_edited_is_told() -> None:
    result = edited({"mapRoles": f"[{{rolearn: {ROLE}/ops}}]"}, {"mapRoles": [NODE]}, True)
    assert result.rewritten == ["mapRoles"]
    assert [row["rolearn"] for row in yaml.safe_load(result.data["mapRoles"])] == [f"{ROLE}/ops", f"{ROLE}/node"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- rolearn: [", r"^mapRoles is not valid YAML \(line \d, column \d+\). Nothing was written. Repair"),
        ("rolearn: x", "^mapRoles is no list of rows, each with rolearn: found dict. Nothing was written"),
        ("- ops", "found a row that is none"),
        ("--- []\n--- []", "is not valid YAML"),
    ],
)
def test_a_text_that_lets_nobody_in_is_left_alone(text: str, message: str) -> None:
    with pytest.raises(BadRows, match=message):
        edited({"mapRoles": text}, {"mapRoles": [NODE]}, True)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([Row("arn:aws:sts::123456789012:assumed-role/ops/me")], "is not the ARN of an IAM role; give one such as"),
        ([Row("node")], "'node' is not the ARN"),
        ([Row(f"{ROLE}/a/node"), NODE], f"mapRoles: {ROLE}/node is listed twice"),
    ],
)
def test_a_row_that_nobody_could_be_found_by_is_refused(rows: list[Row], message: str) -> None:
    with pytest.raises(BadRows, match=message):
        edited({}, {"mapRoles": rows}, True)


class Contended:
    """A Kubernetes API where somebody else writes ``times`` times before we can."""

    def __init__(self, times: int, found: dict[str, Any] | None) -> None:
        self.times, self.found = times, found

    def find(self, _path: str) -> dict[str, Any] | None:
        return self.found

    def create(self, path: str, body: dict[str, Any]) -> None:
        self._write("POST", path, {**body, "metadata": {**body["metadata"], "resourceVersion": "0"}})

    def patch(self, path: str, change: dict[str, Any]) -> None:
        assert self.found is not None
        assert change["metadata"] == {"resourceVersion": self.found["metadata"]["resourceVersion"]}
        self._write("PATCH", path, {**self.found, "data": self.found["data"] | change["data"]})

    def _write(self, verb: str, path: str, wanted: dict[str, Any]) -> None:
        if self.times == 0:
            self.found = wanted
            return
        self.times -= 1
        others = yaml.safe_dump([{"rolearn": f"{ROLE}/other-{self.times}"}])
        self.found = {"metadata": {"resourceVersion": str(self.times)}, "data": {"mapRoles": others}}
        raise KubernetesError(f"{verb} {path}", "the object has been modified", 409, "Conflict")


@pytest.mark.parametrize("times", [0, 1, 3])
def test_what_others_write_in_between_is_kept(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_aws_auth_entry, "CONTENDED", Patience(sleep=lambda _seconds: None))
    api: Any = Contended(times, None)
    _aws_auth_entry.converged(api, lambda data: edited(data, {"mapRoles": [NODE]}, True), check_mode=False)
    rows = [row["rolearn"] for row in yaml.safe_load(api.found["data"]["mapRoles"])]
    assert rows == ([f"{ROLE}/other-0"] if times else []) + [f"{ROLE}/node"]


def test_a_conflict_without_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_aws_auth_entry, "CONTENDED", Patience(timeout=0))
    api: Any = Contended(9, None)
    with pytest.raises(KubernetesError, match="the object has been modified"):
        _aws_auth_entry.converged(api, lambda data: edited(data, {"mapRoles": [NODE]}, True), check_mode=False)


NAMES = st.sampled_from(["ops", "node", "dev", "team/dev", "1e3", "y"])
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
FOUND: Any = st.lists(
    st.fixed_dictionaries(
        {"rolearn": NAMES.map(lambda name: f"{ROLE}/{name}") | TEXTS},
        optional={"username": TEXTS, "groups": st.lists(TEXTS, max_size=2), "more": TEXTS | st.integers()},
    ),
    max_size=4,
)
WANTED = st.builds(
    Row,
    st.sampled_from(["ops", "node", "new"]).map(lambda name: f"{ROLE}/{name}"),
    st.none() | TEXTS,
    st.none() | st.lists(TEXTS, max_size=2).map(tuple),
)


@settings(deadline=None, max_examples=100)
@given(FOUND, WANTED, st.booleans(), st.sampled_from([False, None]), st.sampled_from([2, 4]))
def test_others_keep_their_rows(rows: Any, wanted: Row, present: bool, flow: bool | None, indent: int) -> None:
    """Whatever the rows are and however they are laid out; and the same again changes nothing."""
    text = yaml.safe_dump(rows, default_flow_style=flow, indent=indent, sort_keys=False, allow_unicode=True)
    once = edited({"mapRoles": text}, {"mapRoles": [wanted]}, present)
    after = yaml.safe_load(once.data["mapRoles"]) or []
    own = [row for row in after if row["rolearn"].lower() == wanted.arn.lower()]
    assert [row for row in after if row not in own] == [row for row in rows if row["rolearn"] != wanted.arn]
    assert len(own) == present
    assert edited(once.data, {"mapRoles": [wanted]}, present).changes == []
