# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator's own pages, below /_simulator: health, ledger, reset, clock, vantage, faults, what others do in their
accounts, and what hosts do (JSON in, JSON out)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from . import assuming
from .control_plane.vantage import checked
from .errors import ServiceError
from .hybrid import agents
from .nodes import hybrid, metadata
from .wire import Request, Response
from .world import World

Page = Callable[[Request], Any]


class Admin:
    """Answers the admin requests; a mistake in one is answered with 400 and says what is wrong."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._pages: dict[tuple[str, str], Page] = {
            ("GET", "/health"): self._health,
            ("GET", "/ledger"): self._ledger,
            ("DELETE", "/ledger"): self._clear_ledger,
            ("POST", "/reset"): self._reset,
            ("GET", "/clock"): self._clock,
            ("POST", "/clock/advance"): self._advance,
            ("GET", "/vantage"): self._tell_vantage,
            ("POST", "/vantage"): self._set_vantage,
            ("POST", "/faults"): self._add_fault,
            ("DELETE", "/faults"): self._clear_faults,
            ("POST", "/roles"): self._acted(assuming.make_role_asked),
            ("POST", "/instances/credentials"): self._acted(metadata.credentials),
            ("POST", "/managed-instances"): self._acted(agents.register),
            ("POST", "/managed-instances/credentials"): self._acted(agents.renew),
            ("POST", "/managed-instances/silence"): self._acted(agents.fall_silent),
            ("POST", "/hybrid-nodes"): self._acted(hybrid.join),
        }

    def __call__(self, request: Request) -> Response:
        page = self._pages.get((request.method, request.path.removeprefix("/_simulator").rstrip("/")))
        if page is None:
            return Response.json(404, {"message": f"No page at {request.method} {request.path}"})
        try:
            with self.world.lock:
                return Response.json(200, page(request))
        except ServiceError as refused:
            return Response.json(400, {"code": refused.code, "message": refused.message})
        except (KeyError, TypeError, ValueError) as problem:
            return Response.json(400, {"message": f"{type(problem).__name__}: {problem}"})

    def _health(self, request: Request) -> dict[str, Any]:
        return {"status": "ok"}

    def _ledger(self, request: Request) -> list[dict[str, Any]]:
        self.world.timeline.settle()
        return self.world.ledger.since(int(parse_qs(request.query).get("since", ["0"])[0]))

    def _clear_ledger(self, request: Request) -> dict[str, Any]:
        self.world.ledger.clear()
        return {}

    def _reset(self, request: Request) -> dict[str, Any]:
        self.world.reset()
        return {}

    def _clock(self, request: Request) -> dict[str, Any]:
        return {"now": self.world.clock.now().isoformat(timespec="milliseconds"), "speed": self.world.clock.speed}

    def _advance(self, request: Request) -> dict[str, Any]:
        seconds = float(json.loads(request.body)["seconds"])
        if seconds < 0:
            raise ValueError("time runs forwards only")
        self.world.clock.advance(seconds)
        return self._clock(request)

    def _tell_vantage(self, request: Request) -> dict[str, Any]:
        return {"vantage": self.world.vantage}

    def _set_vantage(self, request: Request) -> dict[str, Any]:
        self.world.vantage = checked(json.loads(request.body)["vantage"])
        return self._tell_vantage(request)

    def _add_fault(self, request: Request) -> dict[str, Any]:
        self.world.faults.add(json.loads(request.body))
        return {}

    def _clear_faults(self, request: Request) -> dict[str, Any]:
        self.world.faults.clear()
        return {}

    def _acted(self, act: Callable[[World, dict[str, Any]], dict[str, Any]]) -> Page:
        """The page by which somebody does something, at the present time."""

        def page(request: Request) -> dict[str, Any]:
            self.world.timeline.settle()
            return act(self.world, json.loads(request.body))

        return page
