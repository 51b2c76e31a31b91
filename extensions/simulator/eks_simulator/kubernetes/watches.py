# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers watches: what becomes of the selected objects, one JSON document a line, until a time-out or the client ends
it ("Efficient detection of changes" of the API concepts)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from ..wire import Response
from . import selectors, tables
from .calls import Call
from .errors import ApiError
from .objects import Event, Object
from .selectors import Test

_PAUSE = 0.05
"""Seconds between two looks."""
_LONGEST = 1800
"""Seconds after which Kubernetes ends the watches of clients that name no end (--min-request-timeout)."""


def watch(call: Call) -> Response:
    return Response(200, headers={"Content-Type": "application/json"}, stream=_Watch(call).lines())


class _Watch:
    """What a client who watches has been told so far."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._matches = _test(call)
        self._table = tables.wanted(call.request.headers.get("accept", ""))
        self._seen = _number(call, "resourceVersion")
        self._end = time.monotonic() + (_number(call, "timeoutSeconds") or _LONGEST)
        self._first: list[bytes] = []
        if not self._seen:
            there = call.objects.list(call.kind, call.namespace or None)
            self._first = [self._line("ADDED", one) for one in there if self._matches(one)]
            self._seen = call.objects.revision

    def lines(self) -> Iterator[bytes]:
        yield from self._first
        while time.monotonic() < self._end:
            try:
                yield from self._news()
            except ApiError as refused:
                yield _encoded("ERROR", refused.status())
                return
            yield b""
            time.sleep(_PAUSE)

    def _news(self) -> list[bytes]:
        """The lines of what happened since the last look."""
        with self._call.control.lock:
            self._call.control.settle()
            events = list(self._call.objects.since(self._seen))
            self._seen = self._call.objects.revision
            news = [(self._change(event), event) for event in events if event.kind is self._call.kind]
            return [self._line(change, event.object) for change, event in news if change]

    def _change(self, event: Event) -> str | None:
        """What the event means to a client who sees only what is selected: objects may come into view, and leave it."""
        now = event.change != "DELETED" and self._matches(event.object)
        before = event.before is not None and self._matches(event.before)
        return {(True, True): "MODIFIED", (True, False): "ADDED", (False, True): "DELETED"}.get((now, before))

    def _line(self, change: str, thing: Object) -> bytes:
        if self._table:
            metadata = {"resourceVersion": thing["metadata"]["resourceVersion"]}
            thing = tables.table(self._call.kind, [thing], metadata, self._call.control.now())
        return _encoded(change, thing)


def _encoded(change: str, thing: Object) -> bytes:
    return json.dumps({"type": change, "object": thing}).encode() + b"\n"


def _test(call: Call) -> Test:
    """What of all objects of the type is watched."""
    selected = selectors.by_query(call.kind, call.target.parameters)
    where = {"namespace": call.namespace, "name": call.name}
    wanted = {member: value for member, value in where.items() if value}
    return lambda thing: wanted.items() <= thing["metadata"].items() and selected(thing)


def _number(call: Call, parameter: str) -> int:
    value = call.target.parameters.get(parameter) or "0"
    if not value.isdigit():
        raise ApiError("BadRequest", f"{parameter}: expected a number, found {value!r}")
    return int(value)
