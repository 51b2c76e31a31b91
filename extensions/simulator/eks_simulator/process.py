# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator as a subprocess, for tests: `with SimulatorProcess(speed=600) as sim: ...`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

from .environment import client_environment, without_elsewhere


class Simulator:
    """A simulator that runs. `url` is its address; `env` the variables that point a client at it."""

    def __init__(self, url: str, env: dict[str, str]) -> None:
        self.url = url
        self.env = env

    def reset(self) -> None:
        """Begin again: nothing exists, no faults, an empty ledger, time at its start."""
        self._ask("POST", "/reset")

    def ledger(self, since: int = 0) -> list[dict[str, Any]]:
        """The calls so far, in order; those numbered above `since` if given."""
        return self._ask("GET", f"/ledger?since={since}")

    def clear_ledger(self) -> None:
        self._ask("DELETE", "/ledger")

    def advance(self, seconds: float) -> None:
        """Jump `seconds` of simulated time ahead."""
        self._ask("POST", "/clock/advance", {"seconds": seconds})

    def now(self) -> str:
        """The simulated time (ISO 8601)."""
        return self._ask("GET", "/clock")["now"]

    def look_from(self, vantage: str) -> None:
        """Be a client of clusters from within their VPC (`vpc`), or from a public IP address. Raises ValueError for
        anything else."""
        self._ask("POST", "/vantage", {"vantage": vantage})

    def fault(self, **spec: Any) -> None:
        """Put a fault in force. Raises ValueError if the simulator refuses the specification."""
        self._ask("POST", "/faults", spec)

    def clear_faults(self) -> None:
        self._ask("DELETE", "/faults")

    def make_role(self, arn: str) -> None:
        """Make a role that lets our account in, as somebody in the role's account would, if it is not there. Raises
        ValueError for what is no ARN of a role."""
        self._ask("POST", "/roles", {"arn": arn})

    def instance_credentials(self, instance_id: str, role_arn: str) -> dict[str, str]:
        """What the metadata service of an instance with this role hands on. Raises ValueError if EC2 cannot have the
        role."""
        return dict(self._ask("POST", "/instances/credentials", {"instance_id": instance_id, "role_arn": role_arn}))

    def register_host(self, **asked: str) -> dict[str, Any]:
        """Register a host with Systems Manager, as the agent on it would, with an `activation_id` and its
        `activation_code`; its `instance_id`. Raises ValueError if the activation does not let it in."""
        return dict(self._ask("POST", "/managed-instances", asked))

    def host_credentials(self, host: dict[str, Any]) -> dict[str, str]:
        """New credentials for a host that `register_host` told of. Raises ValueError if it gets none any more."""
        asked = {name: host[name] for name in ("instance_id", "agent_key")}
        return dict(self._ask("POST", "/managed-instances/credentials", asked))

    def silence_host(self, instance_id: str) -> None:
        """Hear nothing any more of the agent on a host."""
        self._ask("POST", "/managed-instances/silence", {"instance_id": instance_id})

    def join_node(self, **asked: Any) -> str:
        """Let the kubelet of a host register with a cluster; the name of its Node. Raises ValueError if it is turned
        away."""
        return str(self._ask("POST", "/hybrid-nodes", asked)["node"])

    def _ask(self, method: str, page: str, value: Any = None) -> Any:
        body = json.dumps(value).encode() if value is not None else None
        request = urllib.request.Request(f"{self.url}/_simulator{page}", data=body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            raise ValueError(json.load(refusal)["message"]) from None


class SimulatorProcess(Simulator):
    """A simulator that runs while it is wanted.

    `options` are further command-line options, such as `"--quota", "nodegroups_per_cluster=200"`.
    """

    def __init__(self, speed: float = 600, *options: str) -> None:
        package = str(Path(__file__).resolve().parent.parent)
        environment = without_elsewhere(os.environ)
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [package, environment.get("PYTHONPATH")]))
        command = [sys.executable, "-m", "eks_simulator", "--speed", str(speed), "--announce", *options]
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        url = self._process.stdout.readline().strip()
        if not url:
            raise RuntimeError(f"the simulator did not start; it ended with status {self._process.wait()}")
        super().__init__(url, client_environment(url))

    def __enter__(self) -> SimulatorProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server; harmless if it has ended."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=10)
        if self._process.stdout:
            self._process.stdout.close()
