# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans, creates, changes and removes an EKS cluster with real ``ansible-playbook`` runs on a simulated AWS.

Each run is shown live. A table of all runs follows, and the exit status says whether each was as it must be.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLE = CHECKOUT / "playbooks" / "inventory-example"
WORKPLACE = CHECKOUT / "build" / "demo"
INVENTORY = WORKPLACE / "inventory"
KUBECONFIG = WORKPLACE / "kubeconfig"
SPEED = 900  # a cluster takes nine minutes to come on AWS, and less than a second here

COUNTS = ("changed", "unreachable", "failed")
RECAP = re.compile(r"^\S+ +: ok=\d+ +" + " +".join(rf"{name}=(?P<{name}>\d+)" for name in COUNTS))
WARNING = re.compile(r"^\[(?:DEPRECATION )?WARNING\]")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")

# What the engineer edits in the inventory before the run "change".
EDITS = (
    ('cluster_version: "1.33"', 'cluster_version: "1.34"'),
    ("      desired_size: 2\n", "      desired_size: 3\n"),
    ("      tier: general\n", "      tier: general\n      team: platform\n"),
    ("        effect: NO_SCHEDULE\n", "        effect: NO_EXECUTE\n"),
)


@dataclass(frozen=True)
class Step:
    """One run of a playbook, and what it must do: ``plan`` (say changes, write nothing), ``change`` or ``nothing``."""

    name: str
    says: str
    playbook: str
    must: str
    arguments: tuple[str, ...] = ()
    edits: tuple[tuple[str, str], ...] = ()

    @property
    def command(self) -> list[str]:
        inventory = str(INVENTORY.relative_to(CHECKOUT))
        return ["ansible-playbook", "-i", inventory, f"flotilla.eks.{self.playbook}", *self.arguments]


CONFIRMED = ("-e", "decommission_confirm=demo")
STEPS = (
    Step("plan", "Show what would be made, without one write call", "site", "plan", ("--check", "--diff")),
    Step("create", "Make it", "site", "change"),
    Step("again", "Run the same again: there is nothing to do", "site", "nothing"),
    Step("change", "Scale, label, taint, and go up one Kubernetes version", "site", "change", edits=EDITS),
    Step("again", "Run the same again", "site", "nothing"),
    Step("decommission", "Remove all of it", "decommission", "change", CONFIRMED),
    Step("again", "Remove it once more: nothing is left", "decommission", "nothing", CONFIRMED),
)


@dataclass(frozen=True)
class Run:
    """What a run did. ``seconds`` are wall time, ``calls`` entries of the ledger, ``left`` what remained."""

    step: Step
    status: int
    output: str
    seconds: float = 0.0
    calls: Sequence[Mapping[str, Any]] = ()
    left: Sequence[str] = ()

    @property
    def changed(self) -> int:
        return self._count("changed")

    @property
    def failed(self) -> int:
        return self._count("failed") + self._count("unreachable")

    @property
    def warnings(self) -> list[str]:
        return [line for line in self.output.splitlines() if WARNING.match(line)]

    @property
    def writes(self) -> int:
        return sum(1 for call in self.calls if call["write"])

    @property
    def reads(self) -> int:
        return len(self.calls) - self.writes

    def _count(self, what: str) -> int:
        return sum(int(recap[what]) for line in self.output.splitlines() if (recap := RECAP.match(line)))


def problems(run: Run) -> list[str]:
    """In what a run was not as it must be; empty if it was."""
    found = []
    if run.status or run.failed:
        found.append(f"ended with status {run.status} and {run.failed} failed tasks, must be 0 and 0")
    if run.step.must == "nothing" and run.changed:
        found.append(f"changed {run.changed} tasks, must be 0")
    if run.step.must != "nothing" and not run.changed:
        found.append("changed nothing, though there was something to do")
    if run.step.must == "change" and not run.writes:
        found.append("wrote nothing to AWS, though there was something to do")
    if run.step.must != "change" and run.writes:
        written = sorted({call["operation"] for call in run.calls if call["write"]})
        found.append(f"made {run.writes} write calls, must be 0: {', '.join(written)}")
    found += [f"warned: {warning}" for warning in run.warnings]
    found += [f"left behind: {thing}" for thing in run.left]
    return found


def table(runs: Sequence[Run]) -> str:
    """The runs, one a line, with a line of totals."""
    rows: list[tuple[str, ...]] = [("run", "changed", "wall time", "API reads", "API writes", "")]
    rows += [_row(run.step.name, [run], "as it must be" if not problems(run) else "NOT as it must be") for run in runs]
    rows.append(_row("all", runs, ""))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(_cells(row, widths)).rstrip() for row in rows]
    ruler = "-" * max(map(len, lines))
    return "\n".join([lines[0], ruler, *lines[1:-1], ruler, lines[-1]])


def _row(name: str, runs: Sequence[Run], verdict: str) -> tuple[str, ...]:
    numbers = (
        str(sum(run.changed for run in runs)),
        f"{sum(run.seconds for run in runs):.1f} s",
        str(sum(run.reads for run in runs)),
        str(sum(run.writes for run in runs)),
    )
    return (name, *numbers, verdict)


def _cells(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Text to the left, numbers to the right."""
    name, *numbers, verdict = zip(row, widths, strict=True)
    return [name[0].ljust(name[1]), *(cell.rjust(width) for cell, width in numbers), verdict[0]]


def edit(path: Path, edits: Sequence[tuple[str, str]]) -> str:
    """Replace the first occurrence of each text; returns the difference. Raises ValueError for a text not found."""
    before = after = path.read_text(encoding="utf-8")
    for old, new in edits:
        if old not in after:
            raise ValueError(f"{path} does not hold {old!r}")
        after = after.replace(old, new, 1)
    path.write_text(after, encoding="utf-8")
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "before", "after", lineterm="", n=1)
    return "\n".join(lines)


def environment(simulator: Mapping[str, str]) -> dict[str, str]:
    """The variables of a run: the simulated AWS, this checkout, nothing of the user's own AWS and Ansible settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "AWS_", "LC_"))}
    settings = WORKPLACE / "ansible.cfg"
    settings.write_text("[defaults]\n", encoding="utf-8")
    return {
        **kept,
        **simulator,
        "ANSIBLE_ASYNC_DIR": str(WORKPLACE / "async"),
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv" / "collections"),
        "ANSIBLE_CONFIG": str(settings),
        "ANSIBLE_DEPRECATION_WARNINGS": "false",  # those of other collections; the tests watch over ours
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
        "ANSIBLE_FORCE_COLOR": str(sys.stdout.isatty()).lower(),
        "ANSIBLE_HOME": str(WORKPLACE / "ansible"),
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_REMOTE_TEMP": str(WORKPLACE / "tmp"),
        "KUBECONFIG": str(KUBECONFIG),
        "LC_ALL": "C.UTF-8",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }


def perform(step: Step, simulator: Any, foreign: set[str]) -> Run:
    """Run one step, its output shown as it comes. ``foreign`` is what was there before the first step."""
    number = len(simulator.ledger())
    start = time.monotonic()
    command = subprocess.Popen(
        step.command,
        cwd=CHECKOUT,
        env=environment(simulator.env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert command.stdout is not None
    lines = []
    for line in command.stdout:
        print(line, end="", flush=True)
        lines.append(COLOUR.sub("", line))
    status = command.wait()
    seconds = time.monotonic() - start
    own = simulator.env["AWS_ACCESS_KEY_ID"]  # the machines on premises have keys of their own
    entries = [entry for entry in simulator.ledger(number) if entry["service"] != "simulator"]
    calls = [entry for entry in entries if entry.get("access_key", own) == own]
    left = sorted(things(simulator) - foreign) if step.playbook == "decommission" else []
    return Run(step, status, "".join(lines), seconds, calls, left)


def things(simulator: Any) -> set[str]:
    """What there is in the simulated account and in the kubeconfig, of all that the playbooks make."""
    import boto3
    import yaml

    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=simulator.env["AWS_ENDPOINT_URL"],
            region_name=simulator.env["AWS_REGION"],
            aws_access_key_id=simulator.env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=simulator.env["AWS_SECRET_ACCESS_KEY"],
        )

    ec2, gone = client("ec2"), ("deleted", "deleting")
    gateways = [gateway for gateway in ec2.describe_nat_gateways()["NatGateways"] if gateway["State"] not in gone]
    scaling = client("autoscaling").describe_auto_scaling_groups()
    managed = client("ssm").describe_instance_information()["InstanceInformationList"]
    kubeconfig = yaml.safe_load(KUBECONFIG.read_text(encoding="utf-8")) if KUBECONFIG.exists() else {}
    return {
        *(f"kubeconfig context {context['name']}" for context in kubeconfig.get("contexts") or []),
        *(f"cluster {name}" for name in client("eks").list_clusters()["clusters"]),
        *(f"managed instance {one['InstanceId']}" for one in managed),
        *(f"IAM role {role['RoleName']}" for role in client("iam").list_roles()["Roles"]),
        *(f"VPC {vpc['VpcId']}" for vpc in ec2.describe_vpcs()["Vpcs"]),
        *(f"NAT gateway {gateway['NatGatewayId']}" for gateway in gateways),
        *(f"elastic address {address['PublicIp']}" for address in ec2.describe_addresses()["Addresses"]),
        *(f"security group {one['GroupName']}" for one in ec2.describe_security_groups()["SecurityGroups"]),
        *(f"launch template {one['LaunchTemplateName']}" for one in ec2.describe_launch_templates()["LaunchTemplates"]),
        *(f"Auto Scaling group {one['AutoScalingGroupName']}" for one in scaling["AutoScalingGroups"]),
    }


def announce(number: int, step: Step) -> None:
    print(f"\n===== {number} of {len(STEPS)}: {step.name} =====\n{step.says}.", flush=True)
    if step.edits:
        print("\nIn the inventory:\n" + edit(INVENTORY / "host_vars" / "demo.yml", step.edits))
    print(f"\n$ {shlex.join(step.command)}", flush=True)


def prepare() -> None:
    shutil.rmtree(WORKPLACE, ignore_errors=True)
    shutil.copytree(EXAMPLE, INVENTORY)
    (WORKPLACE / "tmp").mkdir()


def main() -> int:
    """Run all steps; returns the exit status."""
    sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "extensions" / "simulator")]
    from eks_simulator.process import SimulatorProcess
    from extensions.demo.premises import premises

    prepare()
    runs: list[Run] = []
    with SimulatorProcess(SPEED) as simulator, premises(simulator, WORKPLACE / "premises") as machines:
        if machines:
            (INVENTORY / "premises.yml").write_text(json.dumps(machines, indent=2), encoding="utf-8")
        foreign = things(simulator)
        for number, step in enumerate(STEPS, 1):
            announce(number, step)
            runs.append(perform(step, simulator, foreign))
            if runs[-1].status:
                break
    return conclude(runs)


def conclude(runs: Sequence[Run]) -> int:
    """Print the table and what was not as it must be; returns the exit status."""
    print(f"\n{table(runs)}\n")
    wrong = [f"{run.step.name}: {problem}" for run in runs for problem in problems(run)]
    wrong += [f"{step.name}: not run" for step in STEPS[len(runs) :]]
    print("\n".join(wrong) or "Planned, made, changed and removed. Every run was as it must be.")
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nStopped. The simulated AWS is gone, and all that was in it.")
