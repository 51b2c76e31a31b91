# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules find done already in the warm process of ``warm``: it costs each of them more than all that they do.

A module comes as a zip file of some 150 source files, which Python compiles anew for each task, and reads the models
of AWS's services for each client.
"""

from __future__ import annotations

import functools
import importlib
from pathlib import Path

import boto3
import botocore.session

# What most modules of this collection import before they do anything. Nothing of Ansible: a module brings its own.
IMPORTS = ["botocore.exceptions", "botocore.parsers", "botocore.retries.standard", "botocore.signers", "yaml"]
IMPORTS += ["argparse", "ctypes", "datetime", "logging.handlers", "platform", "runpy", "shlex", "tempfile", "zipfile"]
SERVICES = ["autoscaling", "ec2", "eks", "iam", "ssm", "sts"]


def prepare(compiled: Path) -> None:
    """Do it, with files in a directory."""
    for wanted in IMPORTS:
        importlib.import_module(wanted)
    share_service_models()
    compiled.mkdir(exist_ok=True)
    importlib.import_module("compiled").remember(str(compiled))  # from beside warm_server, which runs as a program


def share_service_models() -> None:
    """Have all sessions of a process read service models by the same loader, which has read those of SERVICES."""
    botocore.session.create_loader = functools.cache(botocore.session.create_loader)
    for service in SERVICES:
        boto3.client(service, region_name="eu-central-1", aws_access_key_id="none", aws_secret_access_key="none")
    boto3.DEFAULT_SESSION = None
