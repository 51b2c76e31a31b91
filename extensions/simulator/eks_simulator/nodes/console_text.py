# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What consoles show of a boot, system by system. Pure.

Forms, as users have pasted them: Amazon Linux 2023 https://github.com/awslabs/amazon-eks-ami/issues/1821 and /2426,
Bottlerocket https://github.com/bottlerocket-os/bottlerocket/issues/1346 and /4135; Windows writes what EC2Launch has to
say (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-console.html). On real machines kubelet's lines are in
the journal alone (journalctl -u kubelet). Here they are on the console: no machine is there whose journal one could
read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from .hindrance import Hindrance

_KUBELET = "kubelet"
_LINUX = "Linux version 6.12.46-66.121 (mockbuild@ip-10-0-0-1) (gcc (GCC) 11.5.0) #1 SMP PREEMPT_DYNAMIC"
_FINAL = "cloud-final.service - Execute cloud user/final scripts"
_STAGES: dict[str, list[tuple[str, str]]] = {
    "al2023": [
        ("nodeadm", "nodeadm-config.service - EKS Nodeadm Config"),
        ("cloud-init", _FINAL),
        (_KUBELET, "kubelet.service - Kubernetes Kubelet"),
    ],
    "bottlerocket": [
        ("early-boot-config", "Bottlerocket userdata configuration system"),
        ("pluto", "User-specified setting generators"),
        (_KUBELET, "Kubelet"),
    ],
    "ubuntu": [("bootstrap.sh", _FINAL), (_KUBELET, "snap.kubelet-eks.daemon.service - kubelet-eks.daemon")],
    "al2": [("bootstrap.sh", _FINAL), (_KUBELET, "kubelet.service - Kubernetes Kubelet")],
    "": [("cloud-init", _FINAL)],
}
"""What is started one after the other, each by its program; without a family, of a machine that joins nothing."""
_JOINED = Hindrance(_KUBELET, '"Successfully registered node" node="{}"')


@dataclass(frozen=True)
class Attempt:
    """How an attempt to join ended: `hindrance` is None if the Node has registered."""

    at: datetime
    hindrance: Hindrance | None


@dataclass(frozen=True)
class Host:
    """What of a machine is on its console. `family` is empty if nobody knows; `node` is the name of its Node, `loaded`
    the configuration that nodeadm says it has loaded."""

    family: str
    system: str
    name: str
    node: str
    loaded: str = ""


def text(host: Host, since: datetime, attempts: Sequence[Attempt]) -> str:
    """The console of a machine that was powered on at `since`."""
    lines = _windows(host, since, attempts) if host.family == "windows" else _linux(host, since, attempts)
    return "\r\n".join([*lines, ""])


def _linux(host: Host, since: datetime, attempts: Iterable[Attempt]) -> Iterator[str]:
    yield f"[    0.000000] {_LINUX}"
    yield "[    0.000000] Command line: BOOT_IMAGE=/vmlinuz root=UUID=0 ro console=tty0 console=ttyS0,115200n8"
    yield f"Welcome to {host.system}!"
    if host.loaded:
        yield f"[    8.204117] nodeadm[1495]: info init/init.go:84 Loaded configuration {host.loaded}"
    stages = list(_STAGES.get(host.family, _STAGES[""]))
    for attempt in attempts:
        problem = attempt.hindrance or Hindrance(_KUBELET, _JOINED.message.format(host.node))
        while stages and stages[0][0] != problem.program and _is_ahead(problem.program, stages):
            yield from _passed(stages.pop(0))
        if stages and stages[0][0] == problem.program == _KUBELET:
            yield from _passed(stages.pop(0))
            yield f"{host.system}\r\n\r\n{host.name} login: "
        elif stages and stages[0][0] == problem.program:
            yield f"         Starting {stages[0][1]}..."
        seconds = (attempt.at - since).total_seconds()
        yield from (f"[{seconds:12.6f}] {line}" for line in _said(problem, attempt.at, bool(attempt.hindrance)))
        if problem.final and problem.program != _KUBELET:
            yield from _failed(stages)
            return


def _is_ahead(program: str, stages: Iterable[tuple[str, str]]) -> bool:
    return any(one == program for one, _unit in stages)


def _passed(stage: tuple[str, str]) -> Iterator[str]:
    program, unit = stage
    yield f"         Starting {unit}..."
    yield f"[  OK  ] {'Started' if program == _KUBELET else 'Finished'} {unit}."


def _failed(stages: Sequence[tuple[str, str]]) -> Iterator[str]:
    if not stages:
        return
    unit = stages[0][1]
    yield f"[FAILED] Failed to start {unit}."
    yield f"See 'systemctl status {unit.partition(' - ')[0]}' for details."
    yield from (f"[DEPEND] Dependency failed for {later}." for program, later in stages[1:] if program == _KUBELET)


def _windows(host: Host, since: datetime, attempts: Iterable[Attempt]) -> Iterator[str]:
    yield f"{_stamp(since)}: OS: Microsoft Windows NT 10.0.20348"
    yield f"{_stamp(since)}: OsProductName: {host.system}"
    yield f"{_stamp(since)}: Message: Windows is Ready to use"
    for attempt in attempts:
        problem = attempt.hindrance or Hindrance(_KUBELET, _JOINED.message.format(host.node))
        said = _said(problem, attempt.at, bool(attempt.hindrance))
        yield from (f"{_stamp(attempt.at)}: {line}" for line in said)


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y/%m/%d %H:%M:%S}Z"


def _said(problem: Hindrance, at: datetime, bad: bool) -> Iterator[str]:
    """The lines of a program about a problem, or that there is none, in its own form."""
    if problem.program == "nodeadm":
        yield f'nodeadm[1495]: fatal cli/main.go:34 Command failed {{"error": {json.dumps(problem.message)}}}'
    elif problem.program in (_KUBELET, "kube-proxy"):
        message = (
            problem.message
            if problem.message.startswith('"')
            else f'"command failed" err={json.dumps(problem.message)}'
        )
        yield f"{problem.program}[2310]: {'E' if bad else 'I'}{at:%m%d %H:%M:%S.%f}    2310 {message}"
        if problem.final:
            yield "systemd[1]: kubelet.service: Main process exited, code=exited, status=1/FAILURE"
    else:
        program = "cloud-init" if problem.program == "bootstrap.sh" else problem.program or "kernel"
        yield from (f"{program}[1829]: {line}" for line in problem.message.splitlines())
