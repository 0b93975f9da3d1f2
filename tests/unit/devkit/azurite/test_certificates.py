from __future__ import annotations

import datetime as dt
import socket
import ssl
import stat
import threading
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from devkit.azurite import certificates
from devkit.azurite.certificates import Certificates, ensure_certificates

if TYPE_CHECKING:
    from pathlib import Path


def shake_hands(served: Certificates, trusted: Certificates, name: str) -> None:
    """Do a TLS handshake over a socket pair; raises what the client raises."""
    here, there = socket.socketpair()

    def serve() -> None:
        try:
            served.server_context().wrap_socket(there, server_side=True).close()
        except OSError:
            there.close()  # the client refused; it says why

    server = threading.Thread(target=serve)
    server.start()
    try:
        with trusted.client_context().wrap_socket(here, server_hostname=name):
            pass
    finally:
        here.close()
        server.join()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_client_that_trusts_the_authority_accepts_the_server(tmp_path: Path, name: str) -> None:
    made = ensure_certificates(tmp_path)
    shake_hands(made, made, name)


def test_a_client_that_trusts_another_authority_refuses_the_server(tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(ensure_certificates(tmp_path / "a"), ensure_certificates(tmp_path / "b"), "localhost")


def test_another_name_is_refused(tmp_path: Path) -> None:
    made = ensure_certificates(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError, match="example"):
        shake_hands(made, made, "example.org")


def test_certificates_are_kept_while_they_are_good(tmp_path: Path) -> None:
    before = ensure_certificates(tmp_path).certificate.read_bytes()
    assert ensure_certificates(tmp_path).certificate.read_bytes() == before


def test_certificates_near_their_end_are_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as soon:
        soon.setattr(certificates, "_VALIDITY", dt.timedelta(days=29))
        old = ensure_certificates(tmp_path).certificate.read_bytes()
    made = ensure_certificates(tmp_path)
    assert made.certificate.read_bytes() != old
    ends = x509.load_pem_x509_certificate(made.certificate.read_bytes()).not_valid_after_utc
    assert ends > dt.datetime.now(dt.UTC) + dt.timedelta(days=300)
    shake_hands(made, made, "localhost")


def test_a_missing_file_makes_all_anew(tmp_path: Path) -> None:
    ensure_certificates(tmp_path).key.unlink()
    made = ensure_certificates(tmp_path)
    shake_hands(made, made, "localhost")


def test_the_private_key_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    assert stat.S_IMODE(ensure_certificates(tmp_path).key.stat().st_mode) == 0o600
