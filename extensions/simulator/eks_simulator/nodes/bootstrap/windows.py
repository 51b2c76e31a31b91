# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User data of Windows, as EC2Launch reads it: PowerShell that calls the AMI's bootstrap script. Pure.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html#user-data-execution (tags, or tasks in YAML) and
https://docs.aws.amazon.com/eks/latest/userguide/eks-optimized-windows-ami.html#bootstrap-script-configuration-parameters.
Of PowerShell, it knows texts and variables of texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from . import kubelet
from .encoding import unpacked
from .model import Bootstrap, Rejected

_SCRIPT = "start-eksbootstrap.ps1"
_SINGLE, _DOUBLE = "'\u2018\u2019\u201a\u201b", '"\u201c\u201d\u201e'
"""What PowerShell takes for quotes."""
_TAGGED = re.compile(r"<powershell>(.*?)</powershell>", re.IGNORECASE | re.DOTALL)
_ASSIGNMENT = re.compile(r"\s*(?:\[\w+\])?\s*\$(\w+)\s*=\s*(.+)", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\{([\w:]+)\}|([\w:]+))")
_TOKEN = re.compile(
    rf"""\s+ | [{_SINGLE}](?P<single>(?:[^{_SINGLE}]|[{_SINGLE}]{{2}})*)[{_SINGLE}]
    | [{_DOUBLE}](?P<double>(?:[^{_DOUBLE}`]|`.|[{_DOUBLE}]{{2}})*)[{_DOUBLE}]
    | (?P<group>\([^()]*\)) | (?P<word>[^\s'"()]+) | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
_PARAMETERS = {
    name.lower(): name
    for name in (
        "EKSClusterName",
        "KubeletExtraArgs",
        "KubeProxyExtraArgs",
        "APIServerEndpoint",
        "Base64ClusterCA",
        "DNSClusterIP",
        "ContainerRuntime",
        "ServiceCIDR",
        "ExcludedSnatCIDRs",
    )
}
_ENDS = re.compile(r"\d?>.*|\*>.*|[|;}]")
"""A word that ends the arguments of a command."""

Variables = dict[str, str]


def windows(user_data: bytes) -> Bootstrap | None:
    """What the bootstrap script is told in the user data of an instance, if it is called. Raises Rejected."""
    for script in _scripts(user_data):
        given = _arguments(script)
        if given is not None:
            return _bootstrap(given)
    return None


def is_windows(user_data: bytes) -> bool:
    return _SCRIPT.encode() in user_data.lower()


def _bootstrap(given: dict[str, str]) -> Bootstrap:
    if not given.get("EKSClusterName"):
        raise _rejected("Cannot process command because of one or more missing mandatory parameters: EKSClusterName.")
    extra = given.get("KubeletExtraArgs", "").split()
    dns = given.get("DNSClusterIP", "")
    return Bootstrap(
        family="windows",
        cluster=given["EKSClusterName"],
        endpoint=given.get("APIServerEndpoint", "") if given.get("Base64ClusterCA") else "",
        authority=given.get("Base64ClusterCA", "") if given.get("APIServerEndpoint") else "",
        cidr=given.get("ServiceCIDR", ""),
        dns=(dns,) if dns else (),
        kubelet=kubelet.kubelet(extra, {}),
    )


def _scripts(user_data: bytes) -> list[str]:
    """What is within the tags; without any, the PowerShell of EC2Launch's tasks."""
    try:
        text = unpacked(user_data).decode()
    except ValueError:
        return []
    tagged = _TAGGED.findall(text)
    if tagged:
        return [str(one) for one in tagged]
    try:
        read = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError):
        return []
    tasks: Any = read.get("tasks") if isinstance(read, dict) else None
    inputs = [one for task in tasks or () if isinstance(task, dict) for one in task.get("inputs") or ()]
    given = [one for one in inputs if isinstance(one, dict) and one.get("type") == "powershell"]
    return [one["content"] for one in given if isinstance(one.get("content"), str)]


def _arguments(script: str) -> dict[str, str] | None:
    """The parameters with which the bootstrap script is called for the first time."""
    variables = {"env:programfiles": "C:\\Program Files"}
    for line in re.sub(r"`\r?\n", " ", script).splitlines():
        if line.lstrip().startswith("#"):
            continue
        assigned = _ASSIGNMENT.fullmatch(line)
        if assigned:
            tokens = list(_tokens(assigned[2], variables))
            variables[assigned[1].lower()] = tokens[0] if len(tokens) == 1 else ""
            continue
        tokens = list(_tokens(line, variables))
        for number, token in enumerate(tokens):
            called = number == 0 or tokens[number - 1].lower() in ("&", ".", "-file")
            if called and _SCRIPT in token.lower():
                return _parameters(tokens[number + 1 :])
    return None


def _parameters(tokens: list[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    left = list(tokens)
    while left and not _ENDS.fullmatch(left[0]):
        word = left.pop(0)
        matching = [name for short, name in _PARAMETERS.items() if short.startswith(word[1:].rstrip(":").lower())]
        if not word.startswith("-") or len(word) < 2:
            raise _rejected(f"A positional parameter cannot be found that accepts argument '{word}'.")
        if len(matching) != 1:
            raise _rejected(f"A parameter cannot be found that matches parameter name '{word[1:]}'.")
        if not left or _ENDS.fullmatch(left[0]):
            raise _rejected(f"Missing an argument for parameter '{matching[0]}'.")
        given[matching[0]] = left.pop(0)
    return given


def _tokens(line: str, variables: Variables) -> Iterator[str]:
    """The words of a line, texts without their quotes, variables with their values; what touches is one word."""
    word: list[str] | None = None
    for found in _TOKEN.finditer(line):
        if found[0].isspace():
            if word is not None:
                yield "".join(word)
            word = None
            continue
        word = [*(word or ()), _value(found, variables)]
    if word is not None:
        yield "".join(word)


def _value(found: re.Match[str], variables: Variables) -> str:
    if found["single"] is not None:
        return re.sub(f"([{_SINGLE}])[{_SINGLE}]", r"\1", found["single"])
    if found["double"] is not None:
        text = _with_variables(found["double"], variables)
        text = re.sub(f"([{_DOUBLE}])[{_DOUBLE}]", r"\1", text)
        return re.sub(r"`(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), text, flags=re.DOTALL)
    return _with_variables(found[0], variables)


def _with_variables(text: str, variables: Variables) -> str:
    return _VARIABLE.sub(lambda name: variables.get((name[1] or name[2]).lower(), ""), text)


def _rejected(why: str) -> Rejected:
    return Rejected("EKSBootstrap", f"Start-EKSBootstrap.ps1 : {why}")
