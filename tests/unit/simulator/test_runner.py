# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: the server around a command, its environment, its exit status, its ledger."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import pytest

import eks_simulator
from eks_simulator.environment import client_environment, without_elsewhere
from eks_simulator.ledger import summary
from eks_simulator.process import SimulatorProcess

PACKAGE = str(Path(eks_simulator.__file__).parent.parent)
STARTS_ONE = """
import time
from eks_simulator.process import SimulatorProcess
simulator = SimulatorProcess(0)
print(simulator.url, flush=True)
time.sleep(60)
"""
# Says that it is there when a signal ends it: a shell loses the one that comes while it starts a program.
SLEEPER = "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); print('ready', flush=True); signal.pause()"
ASSUME = "import boto3, sys; boto3.client('sts').assume_role(RoleArn=sys.argv[1], RoleSessionName='me')"
LIST_CLUSTERS = "import boto3; print(boto3.client('eks').list_clusters()['clusters'])"


def environment(**more: str) -> dict[str, str]:
    return {**without_elsewhere(os.environ), "PYTHONPATH": PACKAGE, **more}


def run(options: Sequence[str], command: Sequence[str], **more: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "eks_simulator", *options, "--", *command]
    return subprocess.run(line, env=environment(**more), capture_output=True, text=True, timeout=60, check=False)


def test_a_command_finds_the_simulator_and_its_calls_are_summed_up() -> None:
    done = run([], [sys.executable, "-c", LIST_CLUSTERS])
    assert (done.returncode, done.stdout) == (0, "[]\n")
    assert [line.split() for line in done.stderr.strip().splitlines()[1:]] == [
        ["service", "reads", "writes", "errors"],
        ["eks", "1", "0", "0"],
        ["total", "1", "0", "0"],
    ]


def test_quiet_says_nothing() -> None:
    assert run(["--quiet"], ["true"]).stderr == ""


@pytest.mark.parametrize(
    ("command", "status"), [(["false"], 1), (["sh", "-c", "exit 42"], 42), (["sh", "-c", "kill -KILL $$"], 137)]
)
def test_the_exit_status_is_the_commands(command: list[str], status: int) -> None:
    assert run(["--quiet"], command).returncode == status


def test_a_command_that_is_not_there_says_so() -> None:
    done = run([], ["no-such-command"])
    assert done.returncode == 127
    assert "no-such-command: No such file or directory" in done.stderr


def test_the_environment_leads_to_the_simulator_alone() -> None:
    show = "import os, json; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith(('AWS', 'EKS'))}))"
    outside = {"AWS_PROFILE": "mine", "AWS_SESSION_TOKEN": "x", "AWS_ENDPOINT_URL_EKS": "http://elsewhere"}
    seen = json.loads(run(["--quiet"], [sys.executable, "-c", show], AWS_REGION="us-west-2", **outside).stdout)
    assert not set(outside) & set(seen)
    assert seen["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert seen["EKS_SIMULATOR_URL"] == seen["AWS_ENDPOINT_URL"] + "/_simulator"
    assert (seen["AWS_REGION"], seen["AWS_DEFAULT_REGION"]) == ("us-west-2", "us-west-2")
    assert (seen["AWS_CONFIG_FILE"], seen["AWS_SHARED_CREDENTIALS_FILE"]) == ("/dev/null", "/dev/null")
    assert seen["AWS_EC2_METADATA_DISABLED"] == "true"
    assert len(seen["AWS_SECRET_ACCESS_KEY"]) == 40


def test_keys_are_new_each_time_and_the_region_has_a_default() -> None:
    first, second = (client_environment("http://x", {}) for _unused in range(2))
    assert first["AWS_SECRET_ACCESS_KEY"] != second["AWS_SECRET_ACCESS_KEY"]
    assert first["AWS_REGION"] == first["AWS_DEFAULT_REGION"] == "eu-central-1"


def test_the_ledger_is_written_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "ledger.json"
    run(["--quiet", "--ledger", str(file)], [sys.executable, "-c", LIST_CLUSTERS])
    [entry] = json.loads(file.read_text(encoding="utf-8"))
    assert (entry["service"], entry["operation"], entry["write"]) == ("eks", "ListClusters", False)


@pytest.mark.parametrize(
    "spec", ["operation=ListClusters,error=AccessDeniedException", '{"error": "AccessDeniedException"}']
)
def test_faults_come_from_the_command_line(spec: str) -> None:
    done = run(["--quiet", "--fault", spec], [sys.executable, "-c", LIST_CLUSTERS])
    assert done.returncode == 1
    assert "AccessDeniedException" in done.stderr


def test_quotas_come_from_the_command_line() -> None:
    with SimulatorProcess(0, "--quota", "clusters=7") as sim:
        assert sim.ledger() == []
    done = run(["--quota", "ships=7"], ["true"])
    assert done.returncode == 2
    assert "nodegroups_per_cluster" in done.stderr


def test_a_role_of_another_account_is_there_if_it_is_named() -> None:
    role = "arn:aws:iam::210987654321:role/fleet"
    assert run(["--quiet", "--role", role], [sys.executable, "-c", ASSUME, role]).returncode == 0
    done = run(["--role", "fleet"], ["true"])
    assert (done.returncode, "'fleet' is not an ARN such as" in done.stderr) == (2, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_reach_the_commands_whole_group(number: signal.Signals) -> None:
    """The command is a shell that waits for a child: both must end, and the runner say how."""
    shell = f'{sys.executable} -c "{SLEEPER}"; true'
    line = [sys.executable, "-m", "eks_simulator", "--quiet", "--", "sh", "-c", shell]
    runner = subprocess.Popen(line, env=environment(), stdout=subprocess.PIPE, text=True)
    assert runner.stdout
    assert runner.stdout.readline() == "ready\n"
    runner.send_signal(number)
    with runner:
        assert runner.wait(timeout=10) == 128 + number
        assert runner.stdout.read() == ""  # end of file: no child holds the pipe open


def test_without_a_command_it_says_how_to_reach_it() -> None:
    line = [sys.executable, "-m", "eks_simulator"]
    with subprocess.Popen(line, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout
        lines = [server.stdout.readline() for _unused in range(10)]
        server.terminate()
        assert server.wait(timeout=10) == 0
    assert any(line.startswith("export AWS_ENDPOINT_URL=http://127.0.0.1:") for line in lines)
    assert lines[-1] == "unset AWS_PROFILE AWS_SESSION_TOKEN\n"


def test_it_ends_when_the_program_that_started_it_is_killed() -> None:
    """The program is gone without a chance to stop it, as a test run is that was killed."""
    parent = subprocess.Popen([sys.executable, "-c", STARTS_ONE], env=environment(), stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout
        url = parent.stdout.readline().strip()
        with urllib.request.urlopen(f"{url}/_simulator/health") as answer:
            assert answer.status == 200
        parent.kill()
    assert any(is_silent(url) for _glance in range(100)), "the simulator outlived the program by ten seconds"


def is_silent(url: str) -> bool:
    """Whether nobody answers at the URL; tells it a moment later, if somebody does."""
    try:
        urllib.request.urlopen(f"{url}/_simulator/health", timeout=5).close()
    except OSError:
        return True
    time.sleep(0.1)
    return False


def cpu_seconds(command: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run(command, env=environment(), check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def test_it_starts_at_once() -> None:
    """Well under three seconds, that is in no more than a few times what any AWS client takes to start."""
    served = cpu_seconds([sys.executable, "-m", "eks_simulator", "--quiet", "--", "true"])
    assert served < 6 * cpu_seconds([sys.executable, "-c", "import boto3; boto3.client('ec2', region_name='x-y-1')"])


def test_time_runs_at_its_speed_and_forwards() -> None:
    with SimulatorProcess(100_000) as sim:
        first, second = sim.now(), sim.now()
        assert second > first
        with pytest.raises(ValueError, match="forwards only"):
            sim.advance(-1)


def test_a_summary_counts_by_service() -> None:
    entries = [
        {"service": "eks", "write": True, "error": None},
        {"service": "eks", "write": False, "error": "X"},
        {"service": "iam", "write": False, "error": None},
    ]
    assert [line.split() for line in summary(entries).splitlines()] == [
        ["service", "reads", "writes", "errors"],
        ["eks", "1", "1", "1"],
        ["iam", "1", "0", "0"],
        ["total", "2", "1", "1"],
    ]
