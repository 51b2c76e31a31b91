# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The protocol of each service, by the service models that ship with botocore."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import botocore
from botocore.model import ServiceModel

from .protocol import JsonProtocol, Protocol
from .query_protocol import QueryProtocol

_SPEAKERS = {"json": JsonProtocol, "query": QueryProtocol, "ec2": QueryProtocol}


def protocol_of(service: str) -> Protocol:
    """A service's protocol. Reads one file of botocore's, without its loader's search for customer models."""
    versions = Path(botocore.__file__).parent / "data" / service
    path = max(versions.glob("*/service-2.json.gz"))
    model = ServiceModel(json.loads(gzip.decompress(path.read_bytes())), service)
    return _SPEAKERS.get(model.metadata["protocol"], Protocol)(model)
