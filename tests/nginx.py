"""A private, real nginx on the example configuration, before a port of this machine, with a certificate of its own."""

import asyncio
import datetime
import ipaddress
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

EXAMPLE = Path(__file__).parent.parent / "examples" / "nginx.conf"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
needs_nginx = pytest.mark.skipif(NGINX is None, reason="no nginx: on Debian, apt-get install nginx-light")

START_S = 10

# What the distribution's own nginx.conf would say around it.
_AROUND = """
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr emerg;
events {{ worker_connections {connections}; }}
http {{
    default_type application/octet-stream;
    {temporary}
    include {folder}/streamsum.conf;
}}
"""
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running one."""

    port: int
    trust: ssl.SSLContext
    folder: Path

    def logged(self) -> str:
        return "".join((self.folder / name).read_text() for name in ("streamsum.log", "streamsum-error.log"))


@asynccontextmanager
async def nginx(folder: Path, *, before: int, connections: int = 64) -> AsyncIterator[Nginx]:
    """In front of port `before`; everything that it writes is in `folder`. `connections`: on both sides together."""
    assert NGINX is not None
    trust = _make_certificate(folder)
    port = _free_port()
    (folder / "streamsum.conf").write_text(_example(folder, port=port, before=before))
    temporary = " ".join(f"{each}_temp_path {folder}/{each};" for each in _TEMPORARY)
    (folder / "nginx.conf").write_text(_AROUND.format(folder=folder, temporary=temporary, connections=connections))
    process = await asyncio.create_subprocess_exec(
        *(NGINX, "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")), stderr=PIPE
    )
    try:
        await _until_it_listens(process, port)
        yield Nginx(port, trust, folder)
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


def knows_format(form: str) -> bool:
    """Would nginx write its log in this form?"""
    assert NGINX is not None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "nginx.conf"
        file.write_text(
            f"pid {folder}/pid; error_log stderr emerg; events {{}}\n"
            f"http {{ log_format asked {form!r}; access_log {folder}/log asked; }}\n"
        )
        done = subprocess.run([NGINX, "-t", "-q", "-e", "stderr", "-c", str(file)], capture_output=True, check=False)
    return done.returncode == 0


def _example(folder: Path, *, port: int, before: int) -> str:
    """The example as it is, but for what it tells its reader to set."""
    text = EXAMPLE.read_text()
    for theirs, ours in (
        ("server 127.0.0.1:8080;", f"server 127.0.0.1:{before};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("/etc/ssl/streamsum/", f"{folder}/"),
        ("/var/log/nginx/", f"{folder}/"),
    ):
        assert theirs in text
        text = text.replace(theirs, ours)
    return text


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


async def _until_it_listens(process: asyncio.subprocess.Process, port: int) -> None:
    async with asyncio.timeout(START_S):
        while True:
            assert process.returncode is None, "nginx does not start"
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.02)


def _make_certificate(folder: Path) -> ssl.SSLContext:
    """`tls.crt` and `tls.key` for 127.0.0.1; whoever has the context trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "streamsum test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.Encoding.PEM
    (folder / "tls.crt").write_bytes(certificate.public_bytes(form))
    (folder / "tls.key").write_bytes(
        key.private_bytes(form, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return ssl.create_default_context(cafile=str(folder / "tls.crt"))
