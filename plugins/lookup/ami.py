# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The AMIs for EKS as a lookup, over the function that knows where their ids are told."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ami
version_added: 0.1.0
short_description: The id of an AMI for the nodes of an EKS cluster
author: flotilla.eks contributors (!UNKNOWN)
description:
  - Finds the AMI of a family for a version of Kubernetes, in the region, when it is run. AWS and Canonical tell the ids
    in public parameters of SSM.
  - O(release=latest) is another AMI every week or two. Pin O(release) where nodes are to change only when you say so.
  - Amazon Linux 2 is refused. AWS has published no AMIs of it for EKS since 26 November 2025.
options:
  _terms:
    description:
      - V(al2023), V(bottlerocket), V(ubuntu) or V(windows).
      - The id of an image is returned as it is, without a look at AWS.
    required: true
  version:
    description:
      - The version of Kubernetes, such as V(1.33). Quote it in YAML.
      - Required, but for the id of an image.
    type: str
  architecture:
    description:
      - The architecture of the instances, V(x86_64) or V(arm64). Windows has V(x86_64) only.
    type: str
    default: x86_64
  variant:
    description:
      - Of V(al2023), V(standard), V(nvidia) or V(neuron).
      - Of V(bottlerocket), V(standard), V(nvidia), V(fips) or V(nvidia-fips).
      - Of V(ubuntu), V(standard) or V(pro).
      - Of V(windows), V(core) or V(full).
      - The default is the first of each.
    type: str
  os_version:
    description:
      - Of V(ubuntu), V(24.04), V(22.04) or V(26.04).
      - Of V(windows), V(2022), V(2019) or V(2025).
      - The default is the first of each. The other families have none.
    type: str
  release:
    description:
      - V(latest), or the release to stay with.
      - >-
        Of V(al2023), its day, V(20261105), or the release version that EKS shows, V(1.33.5-20261105). Of
        V(bottlerocket), its version, V(1.50.0), with the hash of the build or without. Of V(ubuntu), its serial,
        V(20261105). Of V(windows), its day, V(2026.11.05); AWS takes releases of Windows away after some four months.
    type: str
    default: latest
notes:
  - >-
    The caller needs C(ssm:GetParameter), and for a pinned release of Windows, which has no parameter,
    C(ec2:DescribeImages).
seealso:
  - plugin: flotilla.eks.node_user_data
    plugin_type: filter
extends_documentation_fragment:
  - flotilla.eks.boto
  - amazon.aws.common.plugins
  - amazon.aws.region.plugins
"""

EXAMPLES = r"""
- name: Show the AMI of today, and the one that nodes stay with
  ansible.builtin.debug:
    msg:
      - "{{ lookup('flotilla.eks.ami', 'al2023', version='1.33', region='eu-central-1') }}"
      - "{{ lookup('flotilla.eks.ami', 'al2023', version='1.33', release='20261105', region='eu-central-1') }}"

- name: Show those for machines with GPUs
  ansible.builtin.debug:
    msg:
      - "{{ lookup('flotilla.eks.ami', 'al2023', version='1.33', variant='nvidia', architecture='arm64') }}"
      - "{{ lookup('flotilla.eks.ami', 'bottlerocket', version='1.33', variant='nvidia-fips') }}"

- name: Show those of Windows and Ubuntu
  ansible.builtin.debug:
    msg:
      - "{{ lookup('flotilla.eks.ami', 'windows', version='1.33', os_version='2022', variant='full') }}"
      - "{{ lookup('flotilla.eks.ami', 'ubuntu', version='1.33', os_version='24.04') }}"
"""

RETURN = r"""
_raw:
  description: The id of an AMI for each family.
  type: list
  elements: str
"""

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible_collections.amazon.aws.plugins.plugin_utils.lookup import AWSLookupBase

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client
from ansible_collections.flotilla.eks.plugins.plugin_utils._ami import IMAGE_ID, Ami, AmiError, Source, source


class LookupModule(AWSLookupBase):
    """What Ansible calls for ``lookup('flotilla.eks.ami', FAMILY)``."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **options: Any) -> list[str]:
        super().run(terms, variables, **options)
        client = Client(lambda service, config: self.client(service, config=config), read_only=True)
        try:
            return [term if IMAGE_ID.fullmatch(term) else self._find(client, term) for term in terms]
        except (AmiError, AwsError) as error:
            message = f"flotilla.eks.ami: {error}"
        raise AnsibleLookupError(message)

    def _find(self, client: Client, family: str) -> str:
        names = ("version", "architecture", "variant", "os_version", "release")
        where = source(Ami(family, **{name: self.get_option(name) or "" for name in names}))
        if not self.region:
            raise AmiError("region: none was found; give region, a profile, or AWS_REGION")
        found = _image_named(client, where.image_name) if where.image_name else _parameter(client, where.parameter)
        if not found:
            raise AmiError(self._absence(family, where))
        return found

    def _absence(self, family: str, where: Source) -> str:
        place = (
            f"EC2 has no image {where.image_name}" if where.image_name else f"SSM has no parameter {where.parameter}"
        )
        version, release = self.get_option("version"), self.get_option("release")
        return (
            f"{family}: there is no such AMI in region {self.region}: {place}. Check version ({version}), release "
            f"({release}), architecture, variant and os_version"
        )


def _parameter(client: Client, name: str) -> str:
    answer = client.find("ssm", "GetParameter", Name=name)
    return str(answer["Parameter"]["Value"]) if answer else ""


def _image_named(client: Client, name: str) -> str:
    answer = client.read("ec2", "DescribeImages", Owners=["amazon"], Filters=[{"Name": "name", "Values": [name]}])
    return next((str(image["ImageId"]) for image in answer["Images"]), "")
