# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EC2 demands of a launch template when it is made. That it can be launched from is seen at the launch alone
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/create-launch-template.html).

Ranges: the service model's texts of LaunchTemplateEbsBlockDeviceRequest and
LaunchTemplateInstanceMetadataOptionsRequest; user data:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from ..errors import ServiceError

_NAME = re.compile(r"[a-zA-Z0-9().\-/_]{3,128}")
_MOST_USER_DATA = 16384
_MOST_TAGS = 50
_TAGGED = ("instance", "volume", "network-interface", "spot-instances-request", "elastic-gpu")
_IOPS = {"gp3": (3000, 80000), "io1": (100, 64000), "io2": (100, 256000)}
_SIZES = {"gp2": (1, 16384), "gp3": (1, 65536), "io1": (4, 16384), "io2": (4, 65536), "standard": (1, 1024)}
_THROUGHPUT = (125, 2000)
_HOPS = (1, 64)


def require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ServiceError(
            "InvalidLaunchTemplateName.MalformedException",
            "A launch template name must be between 3 and 128 characters, and may contain letters, numbers, and the"
            " following characters: - ( ) . / _.",
        )


def require_data(data: dict[str, Any]) -> None:
    """Raises InvalidParameterValue, InvalidUserData.Malformed, MissingParameter, InvalidParameterCombination."""
    if not data:
        raise ServiceError("MissingParameter", "The request must contain the parameter LaunchTemplateData")
    _require_user_data(data.get("UserData"))
    for mapping in data.get("BlockDeviceMappings") or ():
        _require_device(mapping)
    hops = (data.get("MetadataOptions") or {}).get("HttpPutResponseHopLimit")
    if hops is not None:
        _require_range("HttpPutResponseHopLimit", hops, _HOPS)
    if data.get("InstanceType") and data.get("InstanceRequirements"):
        raise _wrong(
            "InstanceType and InstanceRequirements cannot be specified together", "InvalidParameterCombination"
        )
    kinds = [one.get("ResourceType") for one in data.get("TagSpecifications") or ()]
    if len(set(kinds)) != len(kinds):
        raise _wrong("A resource type must not be listed twice in TagSpecifications")
    for one in data.get("TagSpecifications") or ():
        require_tags(one, _TAGGED)


def require_tags(specification: dict[str, Any], kinds: tuple[str, ...]) -> None:
    """Check the tags for one resource type."""
    kind = specification.get("ResourceType")
    if kind not in kinds:
        raise _wrong(f"'{kind}' is not a valid taggable resource type for this operation.")
    keys = [tag.get("Key", "") for tag in specification.get("Tags") or ()]
    if not keys:
        raise ServiceError("MissingParameter", "The tags of a tag specification must not be empty")
    if len(set(keys)) != len(keys):
        raise _wrong("Duplicate tag keys are not allowed in one tag specification")
    if len(keys) > _MOST_TAGS:
        raise ServiceError("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
    for key, value in ((tag.get("Key", ""), tag.get("Value", "")) for tag in specification["Tags"]):
        if key.lower().startswith("aws:"):
            raise _wrong("Tag keys starting with 'aws:' are reserved for internal use")
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise _wrong(f"Tag keys have 1 to 128 characters, values at most 256: {key}")


def _require_user_data(text: str | None) -> None:
    if text is None:
        return
    try:
        content = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise ServiceError("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.") from None
    if len(content) > _MOST_USER_DATA:
        raise _wrong(f"User data is limited to {_MOST_USER_DATA} bytes")


def _require_device(mapping: dict[str, Any]) -> None:
    if not mapping.get("DeviceName"):
        raise ServiceError("MissingParameter", "The request must contain the parameter DeviceName")
    ebs = mapping.get("Ebs") or {}
    kind, iops, throughput = ebs.get("VolumeType", "gp2"), ebs.get("Iops"), ebs.get("Throughput")
    if ebs.get("VolumeSize") is not None:
        _require_range(f"volume size for {kind}", ebs["VolumeSize"], _SIZES.get(kind, (125, 16384)))
    if iops is not None and kind not in _IOPS:
        raise _wrong(f"The parameter iops is not supported for {kind} volumes.", "InvalidParameterCombination")
    if iops is not None:
        _require_range(f"iops for {kind}", iops, _IOPS[kind])
    if iops is None and kind in ("io1", "io2"):
        raise ServiceError("MissingParameter", f"The request must contain the parameter iops for {kind} volumes")
    if throughput is not None and kind != "gp3":
        raise _wrong(f"The parameter throughput is not supported for {kind} volumes.", "InvalidParameterCombination")
    if throughput is not None:
        _require_range("throughput", throughput, _THROUGHPUT)
    if ebs.get("KmsKeyId") and not ebs.get("Encrypted"):
        raise _wrong("The parameter KmsKeyId requires the parameter Encrypted to be set.", "InvalidParameterDependency")


def _require_range(what: str, value: int, bounds: tuple[int, int]) -> None:
    least, most = bounds
    if not least <= value <= most:
        raise _wrong(f"The {what} must be from {least} to {most}, found {value}.")


def _wrong(message: str, code: str = "InvalidParameterValue") -> ServiceError:
    return ServiceError(code, message)
