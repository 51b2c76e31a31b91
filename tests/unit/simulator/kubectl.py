# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubectl at the endpoint of a simulated cluster, with a token and the certificate authority that EKS tells."""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unit.simulator.account import Account

from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.token import make_token


@dataclass
class Kubectl:
    """Runs kubectl as the account's own user, or as who signs with `keys`; with the endpoint and the certificate
    authority that the cluster has, or that it had when it was `described`."""

    account: Account
    cluster: str
    home: Path
    keys: dict[str, str] = field(default_factory=dict)
    described: dict[str, Any] = field(default_factory=dict)

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        described, token = self._access()
        settings = {
            "clusters": [{"name": "c", "cluster": _trust(described)}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        file = self.home / "config"
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **settings}))
        file.chmod(0o600)
        command = ["kubectl", "--kubeconfig", str(file), "--cache-dir", str(self.home / "cache"), *arguments]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    def said(self, *arguments: str) -> str:
        """What kubectl prints. Fails the test if it fails."""
        done = self(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def objects(self, *arguments: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.said("get", *arguments, "-o", "json"))["items"]
        return found

    def asked(self, path: str) -> list[dict[str, Any]]:
        """The objects of a list, without the second that kubectl takes to start."""
        described, token = self._access()
        authority = base64.b64decode(described["certificateAuthority"]["data"]).decode()
        request = urllib.request.Request(described["endpoint"] + path, headers={"Authorization": f"Bearer {token}"})
        context = ssl.create_default_context(cadata=authority)
        with urllib.request.urlopen(request, context=context, timeout=60) as answer:
            found: list[dict[str, Any]] = json.load(answer)["items"]
        return found

    def _access(self) -> tuple[dict[str, Any], str]:
        """The cluster, and a token for it."""
        described = self.described or self.account.describe(self.cluster)
        return described, make_token(self.account.client("sts", **self.keys), self.cluster)

    def create(self, thing: dict[str, Any]) -> None:
        file = self.home / "thing.json"
        file.write_text(json.dumps(thing))
        self.said("create", "-f", str(file))

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """What the ledger has of this cluster's API."""
        calls = [call for call in self.account.sim.ledger(since) if call["service"] == "kubernetes"]
        return [call for call in calls if call["parameters"]["cluster"] == self.cluster]


def _trust(described: dict[str, Any]) -> dict[str, str]:
    return {"server": described["endpoint"], "certificate-authority-data": described["certificateAuthority"]["data"]}
