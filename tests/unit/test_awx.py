# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tables of role awx say: a job template for every playbook, surveys that AWX takes, credentials that work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment

from support.awx_api import rules
from support.awx_api.store import Refused, Store
from support.checkout import CHECKOUT
from support.permissions import imported

PLAYBOOKS = {path.stem for path in (CHECKOUT / "playbooks").glob("*.yml")}
LOOKS_ONLY = {"nodes_hybrid_verify"}
KEYS = {"access_key": "AKIA", "secret_key": "hidden"}


class Loader(yaml.SafeLoader):
    """Knows the tag of what is not to be templated."""

    def text(self, node: yaml.ScalarNode) -> str:
        return str(self.construct_scalar(node))


Loader.add_constructor("!unsafe", Loader.text)


def table(file: str, name: str) -> Any:
    text = (CHECKOUT / "roles" / "awx" / "vars" / "main" / f"{file}.yml").read_text(encoding="utf-8")
    return yaml.load(text, Loader)[name]


ROWS: dict[str, dict[str, Any]] = {row["playbook"]: row for row in table("templates", "_awx_playbooks")}
TYPES: dict[str, dict[str, Any]] = table("credential_types", "_awx_credential_types")
SURVEYS = [name for name, row in ROWS.items() if "survey" in row]


def test_every_playbook_has_a_job_template_and_a_plan() -> None:
    assert set(ROWS) == PLAYBOOKS
    assert {name for name, row in ROWS.items() if "plan" not in row} == LOOKS_ONLY


@pytest.mark.parametrize("playbook", ROWS)
def test_row_says_what_can_be(playbook: str) -> None:
    row = ROWS[playbook]
    known = {"playbook", "description", "plan", "credentials", "survey", "sliced", "limit", "ask_tags"}
    assert {"playbook", "description", "credentials"} <= set(row) <= known
    assert set(row["credentials"]) <= set(TYPES)


def reaches_machines(playbook: str) -> bool:
    plays = yaml.safe_load((CHECKOUT / "playbooks" / f"{playbook}.yml").read_text(encoding="utf-8"))
    return any(play.get("become") for play in plays) or any(map(reaches_machines, imported(playbook)))


def test_whoever_reaches_machines_has_a_way_to_them() -> None:
    reaching = {name for name in PLAYBOOKS if reaches_machines(name)}
    assert {name for name, row in ROWS.items() if "machine" in row["credentials"]} == reaching
    assert {"site", "decommission", "nodes_ec2", "nodes_hybrid"} < reaching


@pytest.mark.parametrize("playbook", SURVEYS)
def test_survey_asks_for_what_the_playbook_knows(playbook: str) -> None:
    survey = ROWS[playbook]["survey"]
    rules.check_survey({"name": "", "description": "", "spec": survey})
    sources = [CHECKOUT / "playbooks" / f"{playbook}.yml", *(CHECKOUT / "roles").glob("*/meta/argument_specs.yml")]
    text = "".join(source.read_text(encoding="utf-8") for source in sources)
    assert [question["variable"] for question in survey if question["variable"] not in text] == []


def test_what_removes_machines_has_to_be_told_which() -> None:
    assert ROWS["nodes_hybrid_leave"]["limit"]
    assert "decommission_confirm" in [question["variable"] for question in ROWS["decommission"]["survey"]]


def test_workflows_lead_to_templates_that_there_are() -> None:
    for workflow in table("workflows", "_awx_all_workflows"):
        made: list[str] = []
        for node in workflow["nodes"]:
            assert ("template" in node) != ("approval" in node)
            playbook, _unused, plan = node.get("template", "").partition(" ")
            assert not playbook or (playbook in workflow["playbooks"] and plan in ("", "plan"))
            assert set(node.get("next", [])) <= set(made)  # AWX is told of a node after those that follow it
            made.append(node["id"])


@pytest.mark.parametrize("kind", [kind for kind, entry in TYPES.items() if "inputs" in entry])
def test_awx_takes_the_credential_type(kind: str) -> None:
    wanted = {"managed": False, "inputs": TYPES[kind]["inputs"], "injectors": TYPES[kind]["injectors"]}
    rules.check(Store(), "credential_types", wanted, None, {})
    wanted["injectors"] = {"env": {"SECRET": "{{ no_such_field }}"}}
    with pytest.raises(Refused, match="undefined field"):
        rules.check(Store(), "credential_types", wanted, None, {})


def test_variables_of_a_credential_may_have_structure_and_nothing_else() -> None:
    wanted = {"managed": False, "inputs": {"fields": [{"id": "address", "label": "Address"}]}}
    nested = {"proxy": {"https": "{{ address }}"}}
    rules.check(Store(), "credential_types", {**wanted, "injectors": {"extra_vars": nested}}, None, {})
    with pytest.raises(Refused, match="is no text"):
        rules.check(Store(), "credential_types", {**wanted, "injectors": {"env": nested}}, None, {})


def profiles(inputs: Mapping[str, str], directory: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The profiles that AWS's library reads from the file that AWX makes of a credential."""
    template = TYPES["aws"]["injectors"]["file"]["template"]
    file = directory / "config"
    file.write_text(ImmutableSandboxedEnvironment().from_string(template).render(inputs), encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(directory / "none"))
    read: dict[str, Any] = botocore.session.Session().full_config["profiles"]
    return read


def test_aws_credential_is_a_configuration_of_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "hidden"}
    assert profiles(KEYS, tmp_path, monkeypatch) == {"keys": keys, "default": keys}

    session = KEYS | {"session_token": "token", "region": "eu-central-1"}
    assert profiles(session, tmp_path, monkeypatch)["default"] == {
        **keys,
        "aws_session_token": "token",
        "region": "eu-central-1",
    }


def test_aws_credential_leads_into_other_accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = "[profile staging]\nrole_arn = arn:aws:iam::2:role/eks\nsource_profile = keys\n"
    given = KEYS | {"role_arn": "arn:aws:iam::1:role/eks", "external_id": "flotilla", "profiles": more}
    read = profiles(given, tmp_path, monkeypatch)
    assert read["default"] == {
        "source_profile": "keys",
        "role_arn": "arn:aws:iam::1:role/eks",
        "external_id": "flotilla",
    }
    assert read["staging"] == {"source_profile": "keys", "role_arn": "arn:aws:iam::2:role/eks"}
