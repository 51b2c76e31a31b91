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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from .hindrance import NODEADM, Hindrance

_KUBELET = "kubelet"
_LINUX = "Linux version 6.12.46-66.121 (mockbuild@ip-10-0-0-1) (gcc (GCC) 11.5.0) #1 SMP PREEMPT_DYNAMIC"


@dataclass(frozen=True)
class _Stage:
    """A unit that is started in its turn, with the program whose words are about it. One that `needs` those before it
    is not started when one of them fails."""

    program: str
    unit: str
    title: str
    needs: bool = False


_CLOUD_INIT = _Stage("cloud-init", "cloud-final.service", "cloud-final.service - Execute cloud user/final scripts")
_BOOTSTRAP = _Stage("bootstrap.sh", _CLOUD_INIT.unit, _CLOUD_INIT.title)
_PLAIN_KUBELET = _Stage(_KUBELET, "kubelet.service", "kubelet.service - Kubernetes Kubelet", needs=True)
_SNAP = "snap.kubelet-eks.daemon.service"
_STAGES: dict[str, list[_Stage]] = {
    "al2023": [
        _Stage(NODEADM, "nodeadm-config.service", "nodeadm-config.service - EKS Nodeadm Config"),
        _CLOUD_INIT,
        _Stage("", "nodeadm-run.service", "nodeadm-run.service - EKS Nodeadm Run", needs=True),
        _PLAIN_KUBELET,
    ],
    "bottlerocket": [
        _Stage("early-boot-config", "early-boot-config.service", "Bottlerocket userdata configuration system"),
        _Stage("pluto", "sundog.service", "User-specified setting generators", needs=True),
        _Stage(_KUBELET, "kubelet.service", "Kubelet", needs=True),
    ],
    "ubuntu": [
        _BOOTSTRAP,
        _Stage(_KUBELET, _SNAP, f"{_SNAP} - Service for snap application kubelet-eks.daemon", needs=True),
    ],
    "al2": [_BOOTSTRAP, _PLAIN_KUBELET],
    "": [_CLOUD_INIT],
}
"""What is started one after the other; without a family, on a machine that joins nothing."""


@dataclass(frozen=True)
class Attempt:
    """How an attempt to join ended: `hindrance` is None if the Node has registered."""

    at: datetime
    hindrance: Hindrance | None


@dataclass(frozen=True)
class Host:
    """What of a machine is on its console. `family` is empty if nobody knows; `node` is the name of its Node, `loaded`
    the configuration that nodeadm says it has loaded, and `printed` what scripts of the user data print."""

    family: str
    system: str
    name: str
    node: str
    loaded: str = ""
    printed: str = ""


def text(host: Host, since: datetime, attempts: Sequence[Attempt], booted: bool = True) -> str:
    """The console of a machine that was powered on at `since`."""
    lines = _windows(host, since, attempts) if host.family == "windows" else _linux(host, since, attempts, booted)
    return "\r\n".join([*lines, ""])


def _linux(host: Host, since: datetime, attempts: Sequence[Attempt], booted: bool) -> Iterator[str]:
    yield f"[    0.000000] {_LINUX}"
    yield "[    0.000000] Command line: BOOT_IMAGE=/vmlinuz root=UUID=0 ro console=tty0 console=ttyS0,115200n8"
    yield f"Welcome to {host.system}!"
    stages = [one for one in _STAGES.get(host.family, _STAGES[""]) if attempts or one.program != _KUBELET]
    yield from _starting(stages)
    if host.loaded:
        yield f"[    8.204117] nodeadm[1495]: info init/init.go:84 Loaded configuration {host.loaded}"
    if booted and not attempts:
        while stages:
            yield from _passed(host, stages)
        yield _login(host)
    for attempt in attempts:
        problem = _problem(host, attempt)
        while stages and stages[0].program != problem.program and problem.program in [one.program for one in stages]:
            yield from _passed(host, stages)
        if stages and problem.program == _KUBELET:
            yield from _passed(host, stages)
            yield _login(host)
        seconds = (attempt.at - since).total_seconds()
        yield from (f"[{seconds:12.6f}] {line}" for line in _said(problem, attempt))
        if problem.final and problem.program != _KUBELET:
            yield from _failed(host, stages)
            return


def _problem(host: Host, attempt: Attempt) -> Hindrance:
    """What a program has to say of an attempt, also of one that went well."""
    return attempt.hindrance or Hindrance(_KUBELET, f'"Successfully registered node" node="{host.node}"')


def _login(host: Host) -> str:
    return f"{host.system}\r\n\r\n{host.name} login: "


def _starting(stages: Sequence[_Stage]) -> Iterator[str]:
    if stages:
        yield f"         Starting {stages[0].title}..."


def _passed(host: Host, stages: list[_Stage]) -> Iterator[str]:
    """The first unit does what it is for, and the next one is started. A script that prints something fails."""
    stage = stages.pop(0)
    if stage.program == _CLOUD_INIT.program and host.printed:
        yield from (f"[   12.510332] cloud-init[1829]: {line}" for line in host.printed.splitlines())
        yield f"[FAILED] Failed to start {stage.title}."
    else:
        yield f"[  OK  ] {'Started' if stage.program == _KUBELET else 'Finished'} {stage.title}."
    yield from _starting(stages)


def _failed(host: Host, stages: list[_Stage]) -> Iterator[str]:
    """The first unit fails. Those that do not need it go on."""
    if stages:
        stage = stages.pop(0)
        yield f"[FAILED] Failed to start {stage.title}."
        yield f"See 'systemctl status {stage.unit}' for details."
        yield from (f"[DEPEND] Dependency failed for {later.title}." for later in stages if later.needs)
        left = [later for later in stages if not later.needs]
        yield from _starting(left)
        while left:
            yield from _passed(host, left)
    yield _login(host)


def _windows(host: Host, since: datetime, attempts: Sequence[Attempt]) -> Iterator[str]:
    yield f"{_stamp(since)}: OS: Microsoft Windows NT 10.0.20348"
    yield f"{_stamp(since)}: OsProductName: {host.system}"
    yield f"{_stamp(since)}: Message: Windows is Ready to use"
    for attempt in attempts:
        yield from (f"{_stamp(attempt.at)}: {line}" for line in _said(_problem(host, attempt), attempt))


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y/%m/%d %H:%M:%S}Z"


def _said(problem: Hindrance, attempt: Attempt) -> Iterator[str]:
    """The lines of a program about a problem, or that there is none, in its own form."""
    at, message = attempt.at, problem.message
    if problem.program == NODEADM and problem.final:
        yield f'nodeadm[1495]: fatal cli/main.go:34 Command failed {{"error": {json.dumps(message)}}}'
    elif problem.program == NODEADM:
        yield f"nodeadm[1495]: SDK {at:%Y/%m/%d %H:%M:%S} DEBUG retrying request EC2/DescribeInstances: {message}"
    elif problem.program in (_KUBELET, "kube-proxy"):
        structured = message if message.startswith('"') else f'"command failed" err={json.dumps(message)}'
        yield f"{problem.program}[2310]: {'E' if attempt.hindrance else 'I'}{at:%m%d %H:%M:%S.%f}    2310 {structured}"
        if problem.final:
            yield "systemd[1]: kubelet.service: Main process exited, code=exited, status=1/FAILURE"
    else:
        program = "cloud-init" if problem.program == _BOOTSTRAP.program else problem.program or "kernel"
        yield from (f"{program}[1829]: {line}" for line in message.splitlines())
