"""Exchange: an end by the deadline, whatever the server does; and who is told what."""

from __future__ import annotations

import base64
import dataclasses
import ipaddress
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from namegen.errors import FetchError
from namegen.fetch.download import Downloader, Manners, Silent
from namegen.fetch.exchange import THREAD, Web
from namegen.fetch.refusals import TimeIsUpError
from tests.fetch.conftest import QUICK, whole
from tests.fetch.rude import Rude, chunked, gzip, head, misbehaviour, plain, rude_server
from tests.requirements import require

CONTENT = b"".join(b"name %d\n" % number for number in range(20))
SHORT = dataclasses.replace(QUICK, longest=0.3, silence=0.2, tries=5)


@pytest.fixture
def rude(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rude]:
    require("urllib3")
    require("certifi")
    monkeypatch.setenv("NO_PROXY", "*")
    with rude_server() as server:
        yield server


def read(address: str, manners: Manners = QUICK, watcher: Silent | None = None, contact: str | None = None) -> bytes:
    with Downloader(manners=manners, watcher=watcher, contact=contact) as downloader:
        return downloader.read(address)


def no_thread_is_left() -> bool:
    left = [thread for thread in threading.enumerate() if thread.name == THREAD]
    for thread in left:
        thread.join(10)
    return not any(thread.is_alive() for thread in left)


@pytest.mark.parametrize("what", ["head", "status", "body", "chunks", "continue"])
def test_a_server_that_never_ends_is_left_at_the_deadline(rude, what):
    """One for all tries: none of them has the whole time anew."""
    since = time.monotonic()
    with pytest.raises(FetchError, match=r"it takes longer than 0\.3 seconds: try again later"):
        read(rude.serve(what, misbehaviour()[f"trickle-{what}"]), SHORT)
    assert 0.3 <= time.monotonic() - since < 5
    assert no_thread_is_left()


def test_tries_and_waits_count_for_the_deadline(rude):
    manners = dataclasses.replace(SHORT, tries=100, first_wait=0.1, longest_wait=0.1)
    with pytest.raises(FetchError, match=r"the server answers 500, for 0\.3 seconds: try again later"):
        read(rude.serve("a", head("Content-Length: 0", status="500 No")), manners)
    assert 2 <= len(rude.requests) <= 4


def test_a_deadline_that_has_passed_comes_before_what_has_come(rude):
    with pytest.raises(TimeIsUpError):
        Web(silence=1.0, most_bytes=1000).get(
            rude.serve("a", plain(CONTENT)), {}, deadline=time.monotonic() - 1, received=lambda *_: None
        )
    assert no_thread_is_left()


def test_a_name_server_that_is_silent_is_left_and_nothing_is_asked_when_it_answers(rude, monkeypatch):
    address = rude.serve("a", plain(CONTENT))
    look_up, told = socket.getaddrinfo, threading.Event()

    def silent(*arguments: Any, **options: Any) -> Any:
        told.wait(10)
        return look_up(*arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    with pytest.raises(FetchError, match=r"it takes longer than 0\.3 seconds"):
        read(address, SHORT)
    told.set()
    assert no_thread_is_left()
    assert rude.requests == []


def test_a_thread_that_nobody_waits_for_ends_though_more_may_be_asked(rude):
    with Downloader(manners=SHORT) as downloader:
        with pytest.raises(FetchError, match="it takes longer"):
            downloader.read(rude.serve("a", misbehaviour()["trickle-head"]))
        assert no_thread_is_left()
        assert downloader.read(rude.serve("b", plain(CONTENT))) == CONTENT


def test_a_chunk_without_end_is_too_large_and_not_kept_until_the_deadline(rude):
    with pytest.raises(FetchError, match="is larger than 200,000 bytes"):
        read(rude.serve("a", misbehaviour()["chunk-without-end"]), dataclasses.replace(QUICK, longest=1.0))


def test_a_file_that_is_said_to_be_too_large_is_not_waited_for(rude):
    with pytest.raises(FetchError, match="is larger than 200,000 bytes"):
        read(rude.serve("a", lambda _: [head("Content-Length: 200001"), 5.0]))
    assert len(rude.requests) == 1


def test_ctrl_c_ends_the_exchange(rude):
    class Impatient(Silent):
        def received(self, size: int, expected: int | None) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(rude.serve("a", misbehaviour()["chunks-for-ever"]), watcher=Impatient())
    assert no_thread_is_left()


PACKED = gzip(CONTENT)


@pytest.mark.parametrize(
    "good",
    [
        plain(CONTENT),
        chunked(CONTENT),
        head("Content-Encoding: gzip", f"Content-Length: {len(PACKED)}") + PACKED,
        head("Content-Encoding: gzip", "Transfer-Encoding: chunked") + chunked(PACKED).partition(b"\r\n\r\n")[2],
    ],
    ids=["length", "chunks", "packed", "packed chunks"],
)
def test_an_answer_that_is_cut_anywhere_is_no_file(rude, good):
    """But for what stands behind the nought that says that there are no more chunks."""
    manners = dataclasses.replace(QUICK, tries=1)
    assert read(rude.serve("whole", good), manners) == CONTENT
    for after in range(0, len(good) - 4, 3):
        with pytest.raises(FetchError, match="cannot read"):
            read(rude.serve("cut", good[:after]), manners)


def test_a_file_of_which_nobody_says_how_long_it_is_is_not_read(rude):
    with pytest.raises(FetchError, match="does not say how long the file is"):
        read(rude.serve("a", head() + CONTENT))
    assert len(rude.requests) == 1


@pytest.mark.parametrize("encoding", ["gzip, gzip", "deflate", "br", "zstd", "gzip, identity", "x" * 5000])
def test_what_is_packed_otherwise_is_refused_at_once(rude, encoding):
    answer = head(f"Content-Encoding: {encoding}", "Content-Length: 4") + b"abcd"
    with pytest.raises(FetchError, match=r"the server packs the file as '.*, although it was asked not to") as caught:
        read(rude.serve("a", answer))
    assert len(rude.requests) == 1
    assert len(str(caught.value)) < 500
    assert b"\r\nAccept-Encoding: identity\r\n" in rude.requests[0]


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/a", "javascript:alert(1)", "http://[::1"])
def test_a_redirection_to_another_scheme_is_refused_and_not_tried_again(rude, location):
    answer = head(f"Location: {location}", "Content-Length: 0", status="302 Found")
    with pytest.raises(FetchError, match="which is no web address"):
        read(rude.serve("a", answer))
    assert len(rude.requests) == 1


def test_a_contact_is_told_to_the_server_that_was_asked_and_to_no_other(source, other):
    there = other.serve("/b", whole(b"", 302, Location=other.address + "/c"))
    other.serve("/c", CONTENT)
    source.serve("/also-here", whole(b"", 302, Location=there))
    asked = source.serve("/a", whole(b"", 301, Location="/also-here"))
    assert read(asked, contact="jane@example.com") == CONTENT
    assert [agent.split(" ")[1:] for _, agent, _ in source.requests] == [["jane@example.com"]] * 2
    assert len(other.heads) == 2
    assert not [line for told in other.heads for line in told.items() if "jane" in str(line)]
    assert all(told["User-Agent"].startswith("namegen/") for told in other.heads)


def test_a_contact_is_told_again_where_a_server_sends_back(source, other):
    back = source.serve("/b", CONTENT)
    asked = source.serve("/a", whole(b"", 302, Location=other.serve("/a", whole(b"", 302, Location=back))))
    read(asked, contact="jane@example.com")
    assert ["jane" in agent for _, agent, _ in source.requests + other.requests] == [True, True, False]


def test_name_and_password_are_for_the_server_that_was_asked(source, other):
    source.serve("/a", whole(b"", 302, Location=other.serve("/b", CONTENT)))
    read(source.address.replace("//", "//jane:s%65cret@") + "/a")
    assert source.heads[0]["Authorization"] == "Basic " + base64.b64encode(b"jane:secret").decode()
    assert "Authorization" not in other.heads[0]


def test_a_proxy_is_asked_where_the_environment_names_one(rude, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "other.example")
    monkeypatch.setenv("HTTP_PROXY", rude.address.replace("//", "//me:secret@"))
    rude.scripts["http://example.invalid/a"] = lambda _: [plain(CONTENT)]
    assert read("http://jane:s3cret@example.invalid/a?b=1#c") == CONTENT
    assert rude.requests[0].startswith(b"GET http://example.invalid/a?b=1 HTTP/1.1\r\n")
    assert b"\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n" in rude.requests[0]


def test_a_proxy_that_trickles_has_an_end(rude, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("HTTPS_PROXY", rude.address)
    rude.scripts["example.invalid:443"] = misbehaviour()["trickle-head"]
    with pytest.raises(FetchError, match=r"it takes longer than 0\.3 seconds"):
        read("https://example.invalid/a", SHORT)
    assert no_thread_is_left()


@pytest.fixture
def secure(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rude]:
    """A server with TLS, whose certificate nobody knows but SSL_CERT_FILE."""
    require("cryptography")
    require("urllib3")
    require("certifi")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    monkeypatch.setenv("NO_PROXY", "*")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    own, secret = folder / "certificate.pem", folder / "key.pem"
    own.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own, secret)
    with rude_server(context) as server:
        yield server


def test_a_server_is_held_against_the_certificates_that_are_trusted(secure, monkeypatch):
    import certifi

    address = secure.serve("a", plain(CONTENT))
    assert read(address) == CONTENT
    own = os.environ["SSL_CERT_FILE"]
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(FetchError, match=r"the server does not prove that it is 127\.0\.0\.1 \(self"):
        read(address)
    assert len(secure.requests) == 1
    monkeypatch.setattr(certifi, "where", lambda: own)
    assert read(address) == CONTENT


@pytest.mark.parametrize("name", ["trickle-head", "trickle-body", "chunks-for-ever"])
def test_what_never_ends_has_an_end_behind_tls_too(secure, name):
    with pytest.raises(FetchError, match=r"it takes longer than|is larger than"):
        read(secure.serve(name, misbehaviour()[name]), SHORT)
    assert no_thread_is_left()


def test_a_server_that_only_listens_is_no_answer(rude):
    """A greeting of TLS that is never answered is silence like another."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        for scheme in ("http", "https"):
            with pytest.raises(FetchError, match=r"no answer within 0\.2 seconds|takes longer than"):
                read(f"{scheme}://127.0.0.1:{port}/", SHORT)
    assert no_thread_is_left()
