# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of single instances: user data, once for each version of a launch template, and consoles, of a few."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache, partial

from ansible.module_utils.common.yaml import HAS_YAML

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client
from ansible_collections.flotilla.eks.plugins.module_utils._join.evidence import Case, Evidence, Unread
from ansible_collections.flotilla.eks.plugins.module_utils._join.surroundings import Looks
from ansible_collections.flotilla.eks.plugins.module_utils._read import PARALLEL_READS
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling_groups import template_versions
from ansible_collections.flotilla.eks.plugins.module_utils._user_data.reading import read_user_data
from ansible_collections.flotilla.eks.plugins.module_utils._user_data.told import Told

LOOKED_AT = 5  # instances whose console is read, and without a launch template, whose user data are
TEMPLATE, VERSION = "aws:ec2launchtemplate:id", "aws:ec2launchtemplate:version"
BEYOND = {
    what: Unread(f"{what}: read of {LOOKED_AT} instances, of as many sorts as there are; name others in instance_ids")
    for what in ("user_data", "console")
}
Version = tuple[str, str]


@dataclass(frozen=True)
class _Read:
    """What was read, by instance id, or why it was not."""

    texts: dict[str, str] = field(default_factory=dict)
    unread: dict[str, Unread] = field(default_factory=dict)

    def look(self, what: str, instance: str, work: Callable[[], str]) -> None:
        looks = Looks()
        text = looks.look(what, "ec2", work, None)
        if text is None:
            self.unread[instance] = looks.unread[what]
        else:
            self.texts[instance] = text


def with_words(client: Client, cases: Sequence[Case], evidence: Evidence, all_of_them: bool) -> list[Case]:
    """The cases with what their user data tell and their consoles say, or why that is not known."""
    few = {case.id for case in (cases if all_of_them else representatives(cases))}
    understood = cache(read_user_data)  # many instances have the same
    with ThreadPoolExecutor(PARALLEL_READS) as pool:
        consoles = pool.submit(_consoles, client, cases, few)
        data = _user_data(client, cases, few)
        said = consoles.result()
    return [_with_words(case, evidence, data, said, understood) for case in cases]


def representatives(cases: Sequence[Case]) -> list[Case]:
    """A few, of as many sorts as there are: groups, versions of launch templates, images, subnets."""
    sorts: dict[tuple[str | None, ...], list[Case]] = {}
    for case in cases:
        key = (case.node["group"], case.tags.get(TEMPLATE), case.tags.get(VERSION), case.image_id, case.subnet_id)
        sorts.setdefault(key, []).append(case)
    rounds = [list(of_sort) for of_sort in sorts.values()]
    chosen: list[Case] = []
    while any(rounds) and len(chosen) < LOOKED_AT:
        chosen += [of_sort.pop(0) for of_sort in rounds if of_sort]
    return chosen[:LOOKED_AT]


def _with_words(
    case: Case, evidence: Evidence, data: _Read, said: _Read, understood: Callable[[bytes, str], Told]
) -> Case:
    sources = {"user_data": data, "console": said}
    unread = {name: source.unread[case.id] for name, source in sources.items() if case.id in source.unread}
    told = None
    if "user_data" not in unread:
        raw = data.texts.get(case.id, "")
        if case.managed and not raw:
            unread["user_data"] = Unread("user_data: EKS writes that of its own AMIs itself, and shows it nowhere")
        else:
            told = understood(_decoded(raw), evidence.family_of(case))
    return replace(case, told=told, console=said.texts.get(case.id), unread=unread)


def _decoded(raw: str) -> bytes:
    try:
        return base64.b64decode(raw)
    except binascii.Error:
        return raw.encode()


def _user_data(client: Client, cases: Sequence[Case], few: set[str]) -> _Read:
    """In base64, as EC2 has it."""
    read = _Read()
    if not HAS_YAML:
        absent = Unread("user_data: the Python of this task has no PyYAML to read it with (pip install PyYAML)")
        return _Read(unread={case.id: absent for case in cases})
    templates = _of_templates(client, cases)
    for case in cases:
        if _version(case) in templates:
            read.texts[case.id] = templates[_version(case)]
        elif case.id in few:
            read.look("user_data", case.id, partial(_of_instance, client, case))
        else:
            read.unread[case.id] = BEYOND["user_data"]
    return read


def _version(case: Case) -> Version:
    return case.tags.get(TEMPLATE, ""), case.tags.get(VERSION, "")


def _of_templates(client: Client, cases: Sequence[Case]) -> dict[Version, str]:
    """What the versions of launch templates say, each asked for once. What cannot be read is left out."""
    wanted: dict[str, set[str]] = {}
    for template, version in map(_version, cases):
        if template and version:
            wanted.setdefault(template, set()).add(version)
    found: dict[Version, str] = {}
    for template, versions in wanted.items():
        told = Looks().look(template, "ec2", partial(template_versions, client, template, versions), [])
        for one in told:
            data = one.get("launch_template_data") or {}
            found[template, str(one["version_number"])] = data.get("user_data") or ""
    return found


def _of_instance(client: Client, case: Case) -> str:
    answer = client.read("ec2", "DescribeInstanceAttribute", InstanceId=case.id, Attribute="userData")
    return str((answer.get("UserData") or {}).get("Value") or "")


def _consoles(client: Client, cases: Sequence[Case], few: set[str]) -> _Read:
    read = _Read(unread={case.id: BEYOND["console"] for case in cases if case.id not in few})
    with ThreadPoolExecutor(PARALLEL_READS) as pool:
        list(pool.map(lambda instance: read.look("console", instance, partial(_console, client, instance)), few))
    return read


def _console(client: Client, instance: str) -> str:
    """What it has said up to now, which only instances on Nitro can tell; of others, what EC2 last wrote down.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html
    """
    try:
        answer = client.read("ec2", "GetConsoleOutput", InstanceId=instance, Latest=True)
    except AwsError as error:
        if error.code != "UnsupportedOperation":
            raise
        answer = client.read("ec2", "GetConsoleOutput", InstanceId=instance)
    return str(answer.get("Output") or "")


def not_looked_at(cases: Sequence[Case]) -> list[str]:
    """The instances whose console was not read for no other reason than that they are many."""
    return [case.id for case in cases if case.unread.get("console") == BEYOND["console"]]
