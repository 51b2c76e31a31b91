# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What scripts tell the bootstrap script that the AMIs of Ubuntu have, and those of Amazon Linux 2 had. Pure."""

from __future__ import annotations

import base64
import binascii
import json
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._documents import data_of
from ansible_collections.flotilla.eks.plugins.module_utils._user_data.told import (
    CLUSTER,
    FORM,
    Problem,
    Told,
    authority_problems,
    labels_in,
    mapping,
    max_pods_in,
    sequence,
    taints_in,
    text,
)

BOOTSTRAP = "/etc/eks/bootstrap.sh"


def scripts_in_cloud_config(document: str) -> Iterator[str]:
    """The files that it writes, and the commands that it runs. None of a document that is no YAML."""
    try:
        config = mapping(data_of(document))
    except ValueError:
        return
    for file in sequence(config.get("write_files")):
        yield _decoded(mapping(file))
    for command in sequence(config.get("runcmd")):
        yield command if isinstance(command, str) else shlex.join(map(str, sequence(command)))


def _decoded(file: Any) -> str:
    content = text(file.get("content"))
    if file.get("encoding") not in ("b64", "base64"):
        return content
    try:
        return base64.b64decode(content).decode(errors="replace")
    except binascii.Error:
        return ""


def read_bootstrap(scripts: Sequence[str]) -> Told:
    """What the script is called with. Of words that are variables of a shell, nothing can be told."""
    call = next((line for script in scripts for line in _lines(script) if BOOTSTRAP in line), None)
    if call is None:
        return Told(problems=(Problem(FORM, f"no script in it calls {BOOTSTRAP}, so the instance joins no cluster"),))
    try:
        words = shlex.split(call, comments=True)
    except ValueError as error:
        return Told(problems=(Problem(FORM, f"the line that calls {BOOTSTRAP} is no shell's: {error}"),))
    words = words[next((at for at, word in enumerate(words) if word.endswith(BOOTSTRAP)), len(words)) + 1 :]
    return _told(words, scripts)


def _lines(script: str) -> list[str]:
    return [line for line in script.replace("\\\n", " ").split("\n") if not line.lstrip().startswith("#")]


def _told(words: Sequence[str], scripts: Sequence[str]) -> Told:
    positional, options = _parsed(words)
    flags = options.get("--kubelet-extra-args", "").split()
    kubelet = _kubelet(scripts)
    authority = _known(options.get("--b64-cluster-ca", ""))
    dns = _known(options.get("--dns-cluster-ip", ""))
    name = positional[0] if positional else ""
    absent = [] if name else [Problem(CLUSTER, f"{BOOTSTRAP} is called without the name of a cluster")]
    return Told(
        cluster_name=_known(name),
        endpoint=_known(options.get("--apiserver-endpoint", "")),
        authority=authority,
        service_cidr=_known(options.get("--service-ipv4-cidr") or options.get("--service-ipv6-cidr") or ""),
        cluster_dns=(dns,) if dns else (),
        labels=labels_in(flags),
        taints=taints_in(flags),
        max_pods=max_pods_in(flags) or kubelet.get("maxPods"),
        problems=(*absent, *authority_problems("--b64-cluster-ca", authority)),
    )


def _parsed(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    positional: list[str] = []
    options: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if word in (";", "&&", "||", "|"):
            break
        if not word.startswith("--"):
            positional.append(word)
        elif "=" in word:
            name, _equals, options[name] = word.partition("=")
        else:
            options[word] = next(rest, "")
    return positional, options


def _known(word: str) -> str:
    return "" if "$" in word or "`" in word else word


def _kubelet(scripts: Sequence[str]) -> dict[str, Any]:
    """The kubelet's configuration that is written beside the script."""
    for script in scripts:
        if script.lstrip().startswith("{"):
            try:
                return dict(mapping(json.loads(script)))
            except ValueError:
                continue
    return {}
