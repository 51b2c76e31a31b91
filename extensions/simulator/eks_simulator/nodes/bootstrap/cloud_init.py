# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User data that cloud-init runs, of Ubuntu and Amazon Linux 2: scripts that call /etc/eks/bootstrap.sh. Pure.

Forms of user data: https://docs.cloud-init.io/en/latest/explanation/format.html; arguments of the AMIs' script:
https://github.com/awslabs/amazon-eks-ami (templates/al2/runtime/bootstrap.sh), which Canonical's is made after.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from itertools import pairwise
from typing import Any

import yaml

from . import kubelet
from .encoding import unpacked
from .model import Bootstrap, Rejected
from .shell import Shell

BOOTSTRAP = "/etc/eks/bootstrap.sh"
_OPTIONS = """
    --apiserver-endpoint --aws-api-retry-attempts --b64-cluster-ca --cluster-id --container-runtime
    --containerd-config-file --dns-cluster-ip --docker-config-json --enable-docker-bridge --enable-local-outpost
    --ip-family --kubelet-extra-args --local-disks --mount-bpf-fs --pause-container-account
    --pause-container-version --service-ipv4-cidr --service-ipv6-cidr --use-max-pods
"""


@dataclass
class _Work:
    """What cloud-init is to do: files that it writes, and scripts and commands that it runs, in order."""

    files: dict[str, str] = field(default_factory=dict)
    runs: list[str | list[str]] = field(default_factory=list)


def ubuntu(user_data: bytes) -> Bootstrap | None:
    return _bootstrapped(user_data, "ubuntu")


def al2(user_data: bytes) -> Bootstrap | None:
    return _bootstrapped(user_data, "al2")


def calls_bootstrap(user_data: bytes) -> bool:
    return BOOTSTRAP.encode() in user_data


def _bootstrapped(user_data: bytes, family: str) -> Bootstrap | None:
    """What the script is told in the user data of an instance; nothing if it is not called. Raises Rejected."""
    work = _Work()
    try:
        _read(unpacked(user_data), work)
    except ValueError as problem:
        raise Rejected("cloud-init", f"Failed loading userdata: {problem}") from None
    shell = Shell(work.files)
    for one in work.runs:
        shell.execute(one) if isinstance(one, list) else shell.run(one)
    call = next((words[1:] for words in shell.commands if words[0] == BOOTSTRAP), None)
    return None if call is None else _told(family, call, _merged_config(shell))


def _read(data: bytes, work: _Work) -> None:
    """Raises ValueError."""
    if data.lstrip().lower().startswith((b"content-type:", b"mime-version:")):
        message: Any = message_from_bytes(data.lstrip())
        for part in message.get_payload() if message.is_multipart() else ():
            _read_part(part, work)
    elif data.startswith(b"#!"):
        work.runs.append(data.decode())
    elif data.splitlines()[:1] and data.splitlines()[0].strip() == b"#cloud-config":
        _read_config(data.decode(), work)


def _read_part(part: Message, work: _Work) -> None:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return
    if part.get_content_type() == "text/x-shellscript":
        work.runs.append(content.decode())
    elif part.get_content_type() == "text/cloud-config":
        _read_config(content.decode(), work)
    else:
        _read(content, work)


def _read_config(text: str, work: _Work) -> None:
    try:
        read = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as problem:
        raise ValueError(" ".join(str(problem).split())) from None
    given = read if isinstance(read, dict) else {}
    for one in given.get("write_files") or ():
        if isinstance(one, dict) and isinstance(one.get("path"), str):
            work.files[one["path"]] = _file(str(one.get("content") or ""), str(one.get("encoding") or ""))
    for one in given.get("runcmd") or ():
        work.runs.append([str(word) for word in one] if isinstance(one, list) else str(one))


def _file(content: str, encoding: str) -> str:
    """Raises ValueError."""
    data = content.encode()
    if "b64" in encoding or "base64" in encoding:
        try:
            data = base64.b64decode(data, validate=True)
        except binascii.Error as problem:
            raise ValueError(f"write_files: {problem}") from None
    return unpacked(data).decode()


def _merged_config(shell: Shell) -> dict[str, Any]:
    """The kubelet's configuration, as far as scripts merge files of the user data into it with jq."""
    config: dict[str, Any] = {}
    for words in shell.commands:
        for path in words[1:] if words[0] == "jq" else ():
            config |= _json(shell.files.get(path, ""))
    return config


def _json(text: str) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _told(family: str, words: list[str], config: Mapping[str, Any]) -> Bootstrap:
    given, names = dict(_options(words)), list(_positional(words))
    if not names:
        raise Rejected("bootstrap.sh", "cluster name is not defined")
    ipv6 = given.get("--ip-family", "").lower() == "ipv6"
    if ipv6 and not given.get("--service-ipv6-cidr"):
        raise Rejected("bootstrap.sh", "Service Ipv6 Cidr must be provided when ip-family is specified as IPV6")
    arguments = kubelet.words(given.get("--kubelet-extra-args", ""))
    both = given.get("--apiserver-endpoint") and given.get("--b64-cluster-ca")
    dns = given.get("--dns-cluster-ip", "")
    return Bootstrap(
        family=family,
        cluster=names[0],
        endpoint=given["--apiserver-endpoint"] if both else "",
        authority=given["--b64-cluster-ca"] if both else "",
        cidr=given.get("--service-ipv6-cidr" if ipv6 else "--service-ipv4-cidr", ""),
        dns=kubelet.cluster_dns(arguments, config) or ((dns,) if dns else ()),
        kubelet=kubelet.kubelet(arguments, config),
    )


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    names = _OPTIONS.split()
    for word, following in pairwise([*words, ""]):
        if word in names:
            yield word, following


def _positional(words: list[str]) -> Iterator[str]:
    """What is no option and no option's value."""
    names = _OPTIONS.split()
    for before, word in pairwise(["", *words]):
        if word not in names and before not in names and not word.startswith((">", "2>", "|", "&", ";")):
            yield word
