"""A throw-away certificate authority and a server certificate for this machine's loopback names.

It must not know who serves with them: Azurite and the local Azure share one pair, and clients
trust one CA file.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from devkit.atomic import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

_VALIDITY = dt.timedelta(days=365)
_RENEW_BEFORE = dt.timedelta(days=30)
_CLOCK_SKEW = dt.timedelta(days=1)


@dataclass(frozen=True)
class Certificates:
    """Paths of the PEM files: the CA that clients trust, and the certificate and key of servers."""

    ca: Path
    certificate: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """Return the TLS context of a server that presents this certificate."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self.key)
        return context

    def client_context(self) -> ssl.SSLContext:
        """Return the TLS context of a client that trusts this CA and no other."""
        return ssl.create_default_context(cafile=str(self.ca))


def ensure_certificates(folder: Path) -> Certificates:
    """Return the certificates in `folder`, made new if there are none or they end within 30 days."""
    found = Certificates(ca=folder / "ca.pem", certificate=folder / "server.pem", key=folder / "server.key")
    if not _usable(found):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make(found)
    return found


def _usable(found: Certificates) -> bool:
    if not all(path.is_file() for path in (found.ca, found.certificate, found.key)):
        return False
    renew_at = dt.datetime.now(dt.UTC) + _RENEW_BEFORE
    return all(
        x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc > renew_at
        for path in (found.ca, found.certificate)
    )


def _make(target: Certificates) -> None:
    """Write a new CA and server pair. The CA's key is not kept: it is never to sign anything else."""
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Kiln local development CA")])
    ca = (
        _builder(ca_name, ca_name, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(sign_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    addresses = [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")]
    names: list[x509.GeneralName] = [x509.DNSName("localhost"), *map(x509.IPAddress, addresses)]
    server = (
        _builder(name, ca_name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    # The CA is removed first and written last: an interrupted run never leaves one that does not belong to the pair.
    target.ca.unlink(missing_ok=True)
    write_atomically(target.key, private, mode=0o600)
    write_atomically(target.certificate, server.public_bytes(pem), mode=0o644)
    write_atomically(target.ca, ca.public_bytes(pem), mode=0o644)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _VALIDITY)
    )


def _key_usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
