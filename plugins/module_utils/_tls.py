# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trust in the certificate authority of one cluster, and in no other. Runs on hosts."""

from __future__ import annotations

import ssl
from base64 import b64decode


def trusting(certificate_authority: str) -> ssl.SSLContext:
    """Trusts an authority alone, given in PEM and base64, as DescribeCluster returns it. Raises ValueError.

    Without VERIFY_X509_STRICT, a default from Python 3.13 on: the authorities of EKS lack the key identifiers that it
    asks for. https://github.com/kubernetes-client/python/issues/2394
    """
    try:
        context = ssl.create_default_context(cadata=b64decode(certificate_authority).decode("ascii"))
    except (ValueError, ssl.SSLError) as error:
        raise ValueError(f"is no certificate in PEM and base64: {error}") from None
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
