# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a cluster's API server listens: HTTPS on loopback, with a certificate of the cluster's authority."""

from __future__ import annotations

import ssl
import tempfile
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path

from ..certificates import Signer
from ..wire import Request, Response, Server


class Endpoint:
    """Serves `application` on a free port until closed. While it is not `reachable`, connections are dropped before
    TLS: a client outside a private endpoint's network learns nothing either.

    The certificate is issued when the first client comes: to most endpoints none ever does.
    """

    def __init__(
        self,
        application: Callable[[Request], Response],
        signer: Signer,
        reachable: Callable[[], bool] = lambda: True,
    ) -> None:
        self.renew(signer)
        self._server = Server(application, tls=self._tls, admits=reachable)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return self._server.url

    def renew(self, signer: Signer) -> None:
        """From the next connection on, present a certificate of another authority."""
        self._context = cache(lambda: _context(signer))

    def close(self) -> None:
        """Stop listening, and end the connections that are open, watches among them."""
        self._server.close()

    def _tls(self) -> ssl.SSLContext:
        """That of the authority of now."""
        return self._context()


def _context(signer: Signer) -> ssl.SSLContext:
    """TLS as a server, without HTTP/2. The key has to pass through a file, of which nobody but us hears."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate, key = signer.issue()
    with tempfile.TemporaryDirectory() as private:
        path = Path(private, "server.pem")
        path.touch(mode=0o600)
        path.write_bytes(key + certificate)
        context.load_cert_chain(path)
    return context
