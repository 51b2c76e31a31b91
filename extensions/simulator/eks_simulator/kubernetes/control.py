# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API server asks of the cluster that it serves: who calls, whether they may, and what happens meanwhile."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

NODES = "system:nodes"
NODE_USER = "system:node:"
"""The group of kubelets, and what their names begin with
(https://kubernetes.io/docs/reference/access-authn-authz/node/)."""


@dataclass(frozen=True)
class User:
    """Who a request comes from, as the token says."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: dict[str, list[str]] = field(default_factory=dict)

    @property
    def node(self) -> str:
        """The name of the Node whose kubelet it is; nothing of anybody else."""
        is_kubelet = NODES in self.groups and self.name.startswith(NODE_USER)
        return self.name.removeprefix(NODE_USER) if is_kubelet else ""


@dataclass(frozen=True)
class Attributes:
    """What a request wants, in the terms that authorisation is granted in. One for no resource has only `path`.

    `verb`: get, list, watch, create, update, patch, delete, deletecollection; of a path the HTTP method in lower case.
    """

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


@dataclass(frozen=True)
class Outcome:
    """How a request ended. `error` is the reason of a refusal, `why` what the client does not learn of it.

    An `idle` one was a dry run, or said nothing new: Kubernetes stores no object that is as it was. `injected` says
    that a fault struck it.
    """

    status: int
    error: str | None = None
    why: str | None = None
    idle: bool = False
    injected: bool = False


class Control(Protocol):
    """The cluster behind an API server. All but `lock` is used with the lock held."""

    lock: threading.RLock

    def version(self) -> str:
        """The Kubernetes version: `1.32`."""

    def service_cidr(self) -> str:
        """Where services get their addresses: `10.100.0.0/16`."""

    def now(self) -> datetime:
        """The simulated time."""

    def settle(self) -> None:
        """Let everything happen that is due, and the controllers catch up with it. Called before a request is
        answered, after each write, and by watches now and then."""

    def authenticate(self, token: str) -> User:
        """Whose bearer token this is. Raises ApiError Unauthorized."""

    def permits(self, user: User, attributes: Attributes) -> bool:
        """Whether the user may do that."""

    def rules(self, user: User, namespace: str) -> list[dict[str, Any]]:
        """What the user may do in a namespace: PolicyRules of rbac.authorization.k8s.io/v1, those with
        `nonResourceURLs` among them."""

    def kubelet_obstacle(self, node: dict[str, Any]) -> str:
        """Why the API server does not reach the kubelet of a Node; nothing if it does."""

    def fault(self, attributes: Attributes) -> dict[str, Any]:
        """The fault that strikes this request, with the keys of the README's call faults; usually none: `{}`."""

    def record(self, user: User | None, attributes: Attributes, outcome: Outcome) -> None:
        """Enter an answered request in the ledger."""
