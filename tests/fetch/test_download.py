"""Download: a file whole or one sentence, patience with servers that misbehave, and an end to it."""

from __future__ import annotations

import base64
import dataclasses
import ipaddress
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from namegen.errors import FetchError, SettingsError
from namegen.events import Event, FileBegins, Received, Retrying, Watcher, unwatched
from namegen.fetch.download import Downloader, Manners, bare, decoded, inside, local_path, shown
from tests.fetch.conftest import BRIEF, QUICK, read_here
from tests.fetch.rude import MISBEHAVIOUR, NEVER_ENDING, SHORT, Rude, chunked, head, later, plain, rude_server, sent_to
from tests.requirements import require

# A connection that urllib3 leaves behind as it refuses a redirection is closed with the process, and here later.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
CONTENT = b"first,last\n" + b"a,b\n" * 2000
FAILS = plain(b"<html>\x1b[31mnot today</html>", status="500 No")


class Told:
    """A watcher that remembers."""

    def __init__(self) -> None:
        self.waited: list[tuple[float, str]] = []
        self.sizes: list[tuple[int, int | None]] = []
        self.begun: list[Event] = []

    def __call__(self, event: Event) -> None:
        match event:
            case Retrying(seconds, why):
                self.waited.append((seconds, why))
            case Received(size, expected):
                self.sizes.append((size, expected))
            case _:
                self.begun.append(event)


def read(address: str, manners: Manners = QUICK, watch: Watcher = unwatched, contact: str | None = None) -> bytes:
    return Downloader(manners=manners, watch=watch, contact=contact).read(address)


def refused(address: str, why: str, manners: Manners = QUICK) -> None:
    with pytest.raises(FetchError, match=why) as caught:
        read(address, manners)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


def agents(server: Rude) -> list[str]:
    lines = [line for asked in server.requests for line in asked.decode("latin-1").split("\r\n")]
    return [line.partition(": ")[2] for line in lines if line.startswith("User-Agent: ")]


# ---- in a process of its own ----


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Those that were started; a test that is over has left none of them running."""
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def start(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(popen(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    return started


def test_a_file_comes_whole_after_a_failure_and_all_of_it_is_told(server, processes):
    told = Told()
    address = server.serve("a.csv", FAILS, plain(CONTENT)).replace("//", "//jane:s%65cret@")
    assert read(address, watch=told, contact=" jane@example.com ") == CONTENT
    assert told.begun == [FileBegins(f"{server.address}/a.csv", 1, 1)]
    assert told.waited == [(0.01, "the server answers 500")]
    assert told.sizes[-1] == (len(CONTENT), len(CONTENT))
    assert agents(server)[0].startswith("namegen/")
    assert agents(server)[0].endswith(" jane@example.com")
    assert b"\r\nauthorization: Basic " + base64.b64encode(b"jane:secret") in server.requests[0]
    assert [process.poll() is None for process in processes] == [False]
    assert "jane" not in str(processes[0].args)  # which everybody on the machine can read


@pytest.mark.parametrize("name", ["trickle-head", "continue-for-ever"])
def test_a_server_that_never_ends_is_left_at_the_deadline(server, processes, name):
    """One for all tries: none of them has the whole time anew."""
    since = time.monotonic()
    refused(server.serve(name, NEVER_ENDING[name]), r"it takes longer than 0\.7 seconds", BRIEF)
    assert 0.7 <= time.monotonic() - since < 15
    assert processes[0].poll() is not None


def test_tries_and_waits_count_for_the_deadline(server):
    manners = dataclasses.replace(BRIEF, tries=10_000, first_wait=0.1, longest_wait=0.1)
    refused(server.serve("a", FAILS), r"it takes longer than 0\.7 seconds", manners)
    assert len(server.requests) <= 7


def test_what_is_read_at_once_is_limited_by_the_memory_of_the_process(server):
    refused(server.serve("a", NEVER_ENDING["chunk-without-end"]), "is larger than 200,000 bytes")


def test_a_process_that_dies_is_one_sentence(server, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/true")
    refused(server.serve("a", plain(CONTENT)), "its process died twice")
    assert server.requests == []


def test_ctrl_c_ends_the_process(server, processes):
    def impatient(event: Event) -> None:
        if isinstance(event, Received):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(server.serve("a", NEVER_ENDING["trickle-chunks"]), watch=impatient)
    assert processes[0].poll() is not None


def test_nothing_is_imported_from_the_folder_that_it_runs_in(server, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "urllib3.py").write_text("raise SystemExit(9)")
    assert read(server.serve("a", plain(CONTENT))) == CONTENT


# ---- answers ----


@pytest.mark.parametrize("good", [plain(CONTENT[:99]), chunked(CONTENT[:99])], ids=["length", "chunks"])
def test_an_answer_that_is_cut_anywhere_is_no_file(source, good):
    """But for what stands behind the nought that says that there are no more chunks."""
    manners = dataclasses.replace(QUICK, tries=1)
    assert read(source.serve("whole", good), manners) == CONTENT[:99]
    for after in range(0, len(good) - 4, 4):
        with pytest.raises(FetchError, match="cannot read"):
            read(source.serve("cut", good[:after]), manners)


@pytest.mark.parametrize(
    "trouble",
    [
        FAILS,
        *(plain(b"", status=f"{status} No") for status in (408, 425, 429, 502, 503, 504)),
        *(later(wait) for wait in ("soon", "9" * 5000)),
        later(formatdate(0, usegmt=True), "503 No"),
        *(MISBEHAVIOUR[name] for name in ("cut", "nothing", "silent-in-the-middle")),
    ],
)
def test_trouble_that_passes_is_waited_out(source, trouble):
    told = Told()
    assert read(source.serve("a.csv", trouble, plain(CONTENT)), watch=told) == CONTENT
    assert len(told.waited) == 1
    assert len(source.requests) == 2


def test_waits_grow_and_an_end_comes(source):
    told = Told()
    with pytest.raises(FetchError, match=r"the server answers 500 \(tried 3 times\)") as caught:
        read(source.serve("a.csv", FAILS), watch=told)
    assert [seconds for seconds, _ in told.waited] == [0.01, 0.02]
    assert len(source.requests) == 3
    assert "not today" not in str(caught.value)
    assert [Manners().wait(failures) for failures in (1, 2, 3, 30)] == [1, 2, 4, 60]
    refused("http://127.0.0.1:9/a.csv", r"the connection failed .*\(tried 3 times\)")


def test_the_server_says_how_long_to_wait(source):
    told = Told()
    manners = dataclasses.replace(QUICK, longest_wait=2.0)
    read(source.serve("a.csv", later("1"), plain(CONTENT)), manners, told)
    assert told.waited == [(1.0, "the server answers 429")]
    assert source.times[1] - source.times[0] >= 1
    for value in ("3600", formatdate(time.time() + 3600, usegmt=True)):
        refused(source.serve("later", later(value)), r"asks to wait for 3,[56].. seconds")
    assert len(source.requests) == 4


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (plain(SHORT, status="404 No"), "the server answers 404: .* with url"),
        (plain(SHORT, status="403 No"), "the server answers 403 .* give contact"),
        (MISBEHAVIOUR["a-part"], "the server answers 206"),
        (MISBEHAVIOUR["length-untold"], "does not say how long"),
        (plain(bytes(200_001)), "is larger than 200,000 bytes"),
        ([head("Content-Length: 200001"), 5.0], "is larger than 200,000 bytes"),
        (MISBEHAVIOUR["chunks-for-ever"], "is larger than 200,000 bytes"),
        (MISBEHAVIOUR["bomb"], "packs it as 'gzip'"),
        (sent_to("file:///etc/passwd"), "is no web address"),
        (sent_to("http://[::1"), "cannot read"),
        (sent_to("https://\x1b[31m/"), "cannot read"),
    ],
)
def test_what_will_not_pass_is_one_sentence_and_not_tried_again(source, answer, why):
    refused(source.serve("a.csv", answer), why)
    assert len(source.requests) == 1


def test_a_file_may_be_as_large_as_the_limit(source):
    for answer in (plain(bytes(200_000)), chunked(bytes(200_000), 70_000)):
        assert read(source.serve("a", answer)) == bytes(200_000)


def test_files_are_asked_for_unpacked_and_at_a_distance_also_by_processes(server):
    downloader = Downloader(manners=dataclasses.replace(QUICK, delay=0.5))
    address = server.serve("a.csv", plain(CONTENT, "Content-Encoding: identity"))
    contents = [downloader.read(address, number=number, files=2) for number in (1, 2)]
    assert contents == [CONTENT] * 2
    assert b"Accept-Encoding: identity\r\n" in server.requests[0]
    assert server.times[1] - server.times[0] >= 0.5


# ---- other servers ----


def test_a_redirection_is_followed_and_a_circle_of_them_is_not(source):
    source.serve("new.csv", plain(CONTENT))
    assert read(source.serve("old.csv", sent_to("/new.csv"))) == CONTENT
    source.requests.clear()
    refused(source.serve("circle", sent_to("/circle")), "the server answers 302")
    assert len(source.requests) == 11


def test_contact_name_and_password_are_for_the_server_that_was_asked_and_for_no_other(source, other):
    other.serve("c", plain(CONTENT))
    there = other.serve("b", sent_to(other.address.replace("//", "//you:yours@") + "/c"))
    source.serve("also-here", sent_to(there))
    asked = source.serve("a", sent_to("/also-here")).replace("//", "//jane:secret@")
    assert read(asked, contact="jane@example.com") == CONTENT
    assert [agent.split(" ")[1:] for agent in agents(source)] == [["jane@example.com"]] * 2
    assert len(other.requests) == 2
    assert not [asked for asked in other.requests if b"jane" in asked or b"Authorization" in asked]
    assert all(agent.startswith("namegen/") for agent in agents(other))


def test_a_proxy_is_asked_where_the_environment_names_one(source, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "other.example")
    monkeypatch.setenv("HTTP_PROXY", source.address.replace("//", "//me:secret@"))
    source.scripts["http://example.invalid/a"] = [plain(CONTENT)]
    assert read("http://jane:s3cret@example.invalid/a?b=1#c") == CONTENT
    assert source.requests[0].startswith(b"GET http://example.invalid/a?b=1 HTTP/1.1\r\n")
    assert b"\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n" in source.requests[0].replace(
        b"proxy-auth", b"Proxy-Auth"
    )
    monkeypatch.setenv("HTTP_PROXY", source.address.partition("//")[2])
    assert read("http://example.invalid/a") == CONTENT
    monkeypatch.setenv("HTTP_PROXY", "nonsense://nowhere")
    refused("http://example.invalid/a", "nonsense")


@pytest.fixture
def secure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Rude]:
    """A server with TLS, whose certificate nobody knows but SSL_CERT_FILE."""
    require("cryptography", "urllib3", "certifi")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    monkeypatch.setenv("NO_PROXY", "*")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    builder = builder.not_valid_before(datetime.now(UTC) - timedelta(days=1))
    builder = builder.not_valid_after(datetime.now(UTC) + timedelta(days=1))
    own_address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = builder.add_extension(own_address, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem, bare_key = serialization.Encoding.PEM, serialization.NoEncryption()
    own, secret = tmp_path / "certificate.pem", tmp_path / "key.pem"
    own.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(pem))
    secret.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, bare_key))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own, secret)
    with rude_server(context) as served:
        yield served


def test_a_server_is_held_against_the_certificates_that_are_trusted(secure, monkeypatch):
    import certifi

    address = secure.serve("a", plain(CONTENT))
    own = os.environ["SSL_CERT_FILE"]
    refused(secure.serve("trickle", NEVER_ENDING["trickle-body"]), "it takes longer than", BRIEF)
    read_here(monkeypatch)
    assert read(address) == CONTENT
    secure.requests.clear()
    monkeypatch.delenv("SSL_CERT_FILE")
    refused(address, "the server does not prove who it is")
    assert secure.requests == []
    monkeypatch.setattr(certifi, "where", lambda: own)
    assert read(address) == CONTENT


def test_a_server_does_not_send_on_from_https_to_http(secure, monkeypatch):
    read_here(monkeypatch)
    with rude_server() as plain_server:
        address = plain_server.serve("b", plain(CONTENT))
        refused(secure.serve("a", sent_to(address)), "leads from https to")
        assert plain_server.requests == []
        there = secure.serve("b", plain(CONTENT))
        assert read(plain_server.serve("a", sent_to(there))) == CONTENT


def test_a_server_that_only_listens_is_no_answer(source):
    """A greeting of TLS that is never answered is silence like another."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        for scheme in ("http", "https"):
            address = f"{scheme}://127.0.0.1:{listening.getsockname()[1]}/"
            refused(address, r"no answer within 0\.4 seconds", dataclasses.replace(QUICK, tries=1))


# ---- places, and the disk ----

HERE = "http://example.org"
BAD_ADDRESSES = ("http://", "http://[::1", "a\0b", f"{HERE}:a/", f"{HERE}:99999/", f"{HERE}/\0seed\0", f"{HERE}/\n")


@pytest.mark.parametrize("contact", ["", "  ", "a\r\nHost: b", "zoë@example.com", "x" * 201])
def test_a_contact_that_no_header_can_hold_is_refused(contact):
    with pytest.raises(SettingsError, match="contact is"):
        Downloader(contact=contact)


@pytest.mark.parametrize("place", ["", "ftp://a.org/a", "file://other.example/a", "file:///a%00b", *BAD_ADDRESSES])
def test_places_of_other_kinds_are_refused(place):
    with pytest.raises(SettingsError, match="url is") as caught:
        local_path(place)
    assert str(caught.value).isprintable()


def test_secrets_in_an_address_are_not_shown_and_a_long_one_is_cut():
    assert shown("https://me:secret@example.org/a?key=1#b") == "https://example.org/a"
    assert inside("https://example.org", "b.csv") == "https://example.org/b.csv"
    assert bare("https://me:sec@ret@example.org/a?key=1#b") == "https://example.org/a?key=1"
    assert len(shown("a" * 5000)) == len(shown("https://example.org/" + "a" * 5000)) == 300
    assert shown("a" * 300) == "a" * 300


def test_local_files_are_read_without_a_library(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "urllib3", None)
    path = tmp_path / "a b.csv"
    path.write_bytes(CONTENT)
    told = Told()
    assert read(str(path), watch=told) == read(path.as_uri()) == CONTENT
    assert told.sizes == [(len(CONTENT), len(CONTENT))]
    refused(str(tmp_path / "missing.csv"), "No such file")
    refused(str(path), "larger than 100 bytes", dataclasses.replace(QUICK, most_bytes=100))
    refused("https://example.org/a.csv", "needs urllib3, which is not installed: install it with: pip install")


@pytest.mark.parametrize("place", ["x" * 300, "a/" * 3000, "\ud800", "/"])
def test_a_path_that_cannot_be_one_is_a_sentence(place):
    with pytest.raises(FetchError, match="cannot read"):
        read(place)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes that have names")
def test_a_pipe_and_a_device_may_never_end_and_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for place in (str(tmp_path / "pipe"), "/dev/zero"):
        refused(place, "it is a pipe or a device")


def test_a_file_is_text():
    assert decoded(b"\xef\xbb\xbfa\xc3\xa9", "a") == "aé"
    with pytest.raises(FetchError, match="not text in UTF-8"):
        decoded(b"\xff", "a")
