"""Throw-away keys and certificates."""
import datetime
import functools
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


class Pair:
    """An RSA key with its self-signed certificate."""

    def __init__(self, name, dns=(), addresses=(), days=365):
        """days: until its end; it began two days ago."""
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.cert = _certificate(self.key, name, dns, addresses, days)

    @property
    def key_pem(self):
        return self.key.private_bytes(serialization.Encoding.PEM,
                                      serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption()).decode()

    @property
    def cert_pem(self):
        return self.cert.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def cert_b64(self):
        """The certificate as it stands in X509Certificate elements."""
        return "".join(x for x in self.cert_pem.splitlines() if "-----" not in x)


@functools.lru_cache(maxsize=None)
def pair(name):
    """One pair per name and run: making RSA keys is the slowest thing in the bench."""
    return Pair(name)


@functools.lru_cache(maxsize=None)
def server_pair():
    """The certificate of every TLS host: localhost, 127.0.0.1 and all names below .test."""
    return Pair("localhost", ["localhost", "*.test", "*.example.test"], ["127.0.0.1"])


def _certificate(key, name, dns, addresses, days):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.utcnow()
    cert = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=2))
            .not_valid_after(now + datetime.timedelta(days=days)))
    names = [x509.DNSName(x) for x in dns]
    names += [x509.IPAddress(ipaddress.ip_address(x)) for x in addresses]
    if names:
        cert = cert.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return cert.sign(key, hashes.SHA256())
