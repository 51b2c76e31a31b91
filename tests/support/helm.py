# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script that stands in for helm: it keeps one release, and notes each call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from support.playbook import Playbook

SCRIPT = """\
for verb in "$@"; do
  case "$verb" in -*) ;; *) break ;; esac
done
there=$(test $verb = version || grep -c https://127.0.0.1 $KUBECONFIG)
test $verb = version || echo "$verb ${HELM_NAMESPACE} ${HELM_KUBETOKEN%%.*} $there" >> asked
case $verb in
  version) echo 'version.BuildInfo{Version:"v3.16.0",' ;;
  list) cat release 2> /dev/null || echo '[]' ;;
  show) printf "name: $chart\\nversion: $version\\n" ;;
  get) cat values ;;
  plugin) printf 'NAME\\tVERSION\\tDESCRIPTION\\n' ;;
  upgrade)
    for given in "$@"; do
      case "$given" in -f=*) cp "${given#-f=}" values ;; esac
    done
    state="status: deployed, chart: $chart-$version, revision: 1"
    echo "[{name: $chart, namespace: $HELM_NAMESPACE, $state}]" > release ;;
  uninstall) rm release ;;
esac
"""


class Helm:
    """Knows ``chart`` alone, whose release has the same name. ``environment`` is for playbooks that are to find it."""

    def __init__(self, playbook: Playbook, chart: str, version: str) -> None:
        self.directory: Path = playbook.directory / "helm"
        self.directory.mkdir()
        binary = self.directory / "helm"
        binary.write_text(f"#!/bin/sh\ncd {self.directory}; chart={chart} version={version}\n{SCRIPT}")
        binary.chmod(0o755)
        self.environment = {"PATH": f"{self.directory}:{playbook.variables()['PATH']}"}

    @property
    def asked(self) -> list[list[str]]:
        """Of each call: what for, the namespace, the kind of token, and how often it is led to the simulator."""
        return [line.split() for line in (self.directory / "asked").read_text().splitlines()]

    @property
    def changes(self) -> list[str]:
        return [call for call, *_with in self.asked if call in ("upgrade", "uninstall")]

    @property
    def values(self) -> dict[str, Any]:
        """Those of the release."""
        given: dict[str, Any] = yaml.safe_load((self.directory / "values").read_text())
        return given
