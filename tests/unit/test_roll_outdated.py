# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which instances are outdated, and what is said of why."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from ansible_collections.flotilla.eks.plugins.module_utils._roll.outdated import Versions, offers, reasons

DATA = {
    "image_id": "ami-1",
    "instance_type": "m5.large",
    "user_data": "c2VjcmV0",
    "security_group_ids": ["sg-1", "sg-2"],
    "metadata_options": {"http_tokens": "required"},
}
REAL = {"instance_type": "m5.large", "image_id": "ami-1"}


def template(version: str = "2", name: str = "web") -> dict[str, str]:
    return {"launch_template_id": f"lt-{name}", "launch_template_name": name, "version": version}


def place(version: str = "1", **members: Any) -> dict[str, Any]:
    return {"instance_id": "i-1", "launch_template": template(version), **members}


def versions(**changes: Any) -> Versions:
    """The first version of a template, and a second, the default one, with these changes."""
    known = Versions()
    second = {name: value for name, value in {**DATA, **changes}.items() if value is not None}
    told = [(1, DATA, False), (2, second, True)]
    known.add(
        "lt-web",
        [{"version_number": n, "launch_template_data": data, "default_version": last} for n, data, last in told],
    )
    return known


def mixed(*overrides: dict[str, Any]) -> dict[str, Any]:
    policy = {"launch_template_specification": template(), "overrides": list(overrides)}
    return {"auto_scaling_group_name": "web", "mixed_instances_policy": {"launch_template": policy}}


def why(known: Versions, group: dict[str, Any] | None = None, **members: Any) -> list[str]:
    wanted = offers(group or {"auto_scaling_group_name": "web", "launch_template": template()})
    real = {**REAL, **members.pop("real", {})}
    return list(reasons(place(**members), real, wanted, known))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, []),
        ({"security_group_ids": ["sg-2", "sg-1"], "tag_specifications": []}, []),
        ({"image_id": "ami-2"}, ["AMI: ami-1 -> ami-2"]),
        ({"instance_type": "m6i.large"}, ["instance type: m5.large -> m6i.large"]),
        ({"user_data": "b3RoZXI="}, ["user data"]),
        ({"security_group_ids": ["sg-3"]}, ["security groups"]),
        ({"key_name": "ops"}, ["key name: none -> ops"]),
        ({"ebs_optimized": True, "image_id": "ami-2"}, ["AMI: ami-1 -> ami-2", "EBS optimisation: none -> True"]),
        ({"metadata_options": {"http_tokens": "optional"}}, ["metadata options (IMDS)"]),
        ({"image_id": None}, []),
    ],
)
def test_versions_are_compared_by_what_they_say(changes: dict[str, Any], told: list[str]) -> None:
    assert why(versions(**changes)) == told


def test_names_of_versions() -> None:
    known = versions(key_name="ops")
    for version in ("$Latest", "$Default", "2"):
        group = {"auto_scaling_group_name": "web", "launch_template": template(version)}
        assert why(known, group) == ["key name: none -> ops"]
        assert why(known, group, version="2") == []


def test_other_templates_and_none() -> None:
    group = {"auto_scaling_group_name": "web", "launch_template": template(name="new")}
    assert why(versions(), group) == ["launch template: web -> new"]
    assert why(versions(), launch_template=None) == ["it was not launched from a launch template"]
    with pytest.raises(Refused, match="found launch configuration old, wanted a launch template"):
        offers({"auto_scaling_group_name": "web", "launch_configuration_name": "old"})


def test_a_version_that_is_gone() -> None:
    known = versions(image_id="ami-2")
    assert why(known, version="7") == [
        "AMI: ami-1 -> ami-2",
        "version 7 of launch template web is no more, and what it said unknown",
    ]


def test_an_ami_that_a_parameter_names() -> None:
    known = versions(image_id="resolve:ssm:/ami")
    (offer,) = offers({"auto_scaling_group_name": "web", "launch_template": template()})
    known.resolve(offer.template, "ami-9")
    assert why(known, version="2") == ["AMI: ami-1 -> ami-9"]
    assert why(known, version="2", real={"image_id": "ami-9"}) == []
    assert list(reasons(place("2"), {}, [offer], known)) == [], "what it was launched from is not told yet"


def test_mixed_instances() -> None:
    two = mixed({"instance_type": "m6i.large"}, {"instance_type": "m5.large"})
    assert why(versions(instance_type="m9.large"), two) == []
    assert why(versions(), two, real={"instance_type": "c5.large"}) == [
        "instance type: c5.large -> m5.large or m6i.large"
    ]
    assert why(versions(), mixed({"instance_requirements": {"v_cpu_count": {"min": 2}}})) == []
    assert why(versions(), mixed({"instance_type": "m5.large", "image_id": "ami-3"})) == ["AMI: ami-1 -> ami-3"]
    arm = {"instance_type": "m7g.large", "launch_template_specification": template("1", "arm")}
    assert why(versions(), mixed({"instance_type": "m5.large"}, arm)) == []
