# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line: `python -m eks_simulator [OPTIONS] [-- COMMAND ARGS...]`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from .assuming import ROLE_ARN, make_role
from .control_plane.vantage import WITHIN, checked
from .operations import Quotas
from .runner import close_books, run_command, serve
from .world import World


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the simulator as the arguments say; returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    own, command = arguments, []
    if "--" in arguments:
        split = arguments.index("--")
        own, command = arguments[:split], arguments[split + 1 :]
    options = _parser().parse_args(own)
    world = World(options.speed, Quotas(**dict(options.quota)), options.vantage)
    for spec in options.fault:
        world.faults.add(spec)
    for arn in options.role:
        make_role(arn)
    status = 0
    if command:
        status = run_command(world, options.port, command)
    else:
        serve(world, options.port, options.announce)
    close_books(world, options.ledger, options.quiet or options.announce)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="eks_simulator",
        description="A simulated AWS for rehearsing Amazon EKS.",
        usage="%(prog)s [options] [-- COMMAND ARGS...]",
    )
    parser.add_argument(
        "--speed", type=float, default=60, help="how many times as fast as real time (60; 0 stands still)"
    )
    parser.add_argument("--port", type=int, default=0, help="loopback port (a free one)")
    parser.add_argument("--ledger", type=Path, metavar="FILE", help="write every call to this file as JSON")
    parser.add_argument(
        "--fault", type=_fault, action="append", default=[], metavar="SPEC", help="a fault: JSON, or KEY=VALUE,..."
    )
    parser.add_argument(
        "--quota",
        type=_quota,
        action="append",
        default=[],
        metavar="NAME=N",
        help="another service quota: " + ", ".join(_QUOTAS),
    )
    parser.add_argument(
        "--role",
        type=_role,
        action="append",
        default=[],
        metavar="ARN",
        help="a role, of another account maybe, that is there and lets the simulator's account in",
    )
    parser.add_argument(
        "--vantage",
        type=checked,
        default=WITHIN,
        metavar="vpc|ADDRESS",
        help="where clients of clusters are: in the VPC (vpc), or at a public IP address",
    )
    parser.add_argument("--quiet", action="store_true", help="no summary at the end")
    parser.add_argument("--announce", action="store_true", help="print nothing but the server's URL (for programs)")
    return parser


_QUOTAS = tuple(field.name for field in dataclasses.fields(Quotas))


def _quota(text: str) -> tuple[str, int]:
    name, _unused, value = text.partition("=")
    if name not in _QUOTAS or not value.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=N with one of {', '.join(_QUOTAS)}")
    return name, int(value)


def _role(text: str) -> str:
    if not ROLE_ARN.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an ARN such as arn:aws:iam::210987654321:role/fleet")
    return text


def _fault(text: str) -> dict[str, Any]:
    if text.startswith("{"):
        return json.loads(text)
    pairs = (pair.partition("=") for pair in text.split(","))
    return {name.strip(): _value(value.strip()) for name, _unused, value in pairs}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _leave(status: int) -> NoReturn:
    """End at once. Up to Python 3.13, an interpreter that ends by itself while a thread still loads moto can be aborted
    by a library that is not written in Python (https://github.com/python/cpython/issues/87135)."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    _leave(main())
