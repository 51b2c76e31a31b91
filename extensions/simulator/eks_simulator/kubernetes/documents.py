# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API server tells of itself, at paths that are no resources: health, version, discovery, OpenAPI."""

from __future__ import annotations

from ..wire import Response
from . import discovery, openapi
from .calls import Call
from .errors import ApiError

_HEALTH = ("/healthz", "/livez", "/readyz")


def answer(call: Call) -> Response:
    """The document at a path. There is only text for what does not exist, not even a Status."""
    path = call.request.path.rstrip("/")
    if call.request.method != "GET":
        raise ApiError("MethodNotAllowed", "the server does not allow this method on the requested resource")
    if path in _HEALTH:
        return Response(200, b"ok", {"Content-Type": "text/plain; charset=utf-8"})
    if path == "/version":
        return Response.json(200, _version(call.control.version()))
    if path == "/openapi/v2":
        return openapi.no_schemas()
    if path.startswith("/openapi/v3"):
        return openapi.answer(path.removeprefix("/openapi/v3").strip("/")) or _not_found()
    return discovery.answer(path, call.request.headers.get("accept", "")) or _not_found()


def _not_found() -> Response:
    return Response(404, b"404 page not found\n", {"Content-Type": "text/plain; charset=utf-8"})


def _version(version: str) -> dict[str, str]:
    """The patch and the commit are EKS's secret; the form is as its clusters have it."""
    major, minor = version.split(".")
    return {
        "major": major,
        "minor": minor,
        "gitVersion": f"v{version}.0-eks-0000000",
        "gitCommit": "0" * 40,
        "gitTreeState": "clean",
        "buildDate": "2026-11-01T00:00:00Z",
        "goVersion": "go1.23.0",
        "compiler": "gc",
        "platform": "linux/amd64",
    }
