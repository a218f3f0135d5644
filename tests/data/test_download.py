from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from vitrina.data import download as module
from vitrina.data.download import ATTEMPTS, download
from vitrina.errors import DataError, VitrinaError

CONTENT = bytes(range(256)) * 2_000  # 512,000 bytes
MD5 = "md5:" + hashlib.md5(CONTENT).hexdigest()


class Owner(ThreadingHTTPServer):
    """A server that tests teach to misbehave; ``requests`` keeps the headers it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = CONTENT
        self.etag = '"v1"'
        self.ranges = True
        self.cuts: list[int] = []  # bytes after which the next answers are cut
        self.statuses: list[int] = []  # answers given before any content
        self.redirect = ""
        self.tells_length = True
        self.requests: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/set.zip"


class _Handler(BaseHTTPRequestHandler):
    server: Owner

    def log_message(self, *_: Any) -> None: ...

    def do_GET(self) -> None:
        owner = self.server
        owner.requests.append(dict(self.headers))
        if owner.statuses:
            return self.send_error(owner.statuses.pop(0))
        if owner.redirect and self.path == "/set.zip":
            self.send_response(302)
            self.send_header("Location", owner.redirect)
            self.send_header("Content-Length", "0")
            return self.end_headers()
        start = self._start()
        total = len(owner.content)
        if start > 0 and start >= total:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{total}")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        self.send_response(206 if start else 200)
        if owner.tells_length:
            self.send_header("Content-Length", str(total - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        if owner.etag:
            self.send_header("ETag", owner.etag)
        self.end_headers()
        end = start + owner.cuts.pop(0) if owner.cuts else total
        self.wfile.write(owner.content[start:end])
        self.close_connection = True

    def _start(self) -> int:
        asked, version = self.headers.get("Range"), self.headers.get("If-Range")
        if not self.server.ranges or asked is None or version not in (None, self.server.etag):
            return 0
        return int(asked.removeprefix("bytes=").removesuffix("-"))


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch) -> Iterator[Owner]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(module, "_wait", lambda seconds: None)
    server = Owner()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_whole_file_arrives_verified(owner: Owner, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    to = download(owner.url, tmp_path / "in" / "set.zip", size=len(CONTENT), checksum=MD5, progress=lambda *s: told.append(s))
    assert to.read_bytes() == CONTENT
    assert names(tmp_path / "in") == ["set.zip"]
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_file_at_hand_is_not_fetched_again(owner: Owner, tmp_path: Path) -> None:
    to = tmp_path / "set.zip"
    to.write_bytes(CONTENT)
    download(owner.url, to, checksum=MD5)
    assert owner.requests == []
    to.write_bytes(b"other")
    download(owner.url, to, checksum=MD5)
    assert to.read_bytes() == CONTENT


def test_cut_connections_are_resumed(owner: Owner, tmp_path: Path) -> None:
    owner.cuts = [100_000, 1, 200_000]
    assert download(owner.url, tmp_path / "set.zip", checksum=MD5).read_bytes() == CONTENT
    assert [r.get("Range") for r in owner.requests] == [None, "bytes=100000-", "bytes=100001-", "bytes=300001-"]
    assert owner.requests[1]["If-Range"] == '"v1"'
    assert names(tmp_path) == ["set.zip"]


def test_a_later_call_goes_on_where_this_one_gave_up(owner: Owner, tmp_path: Path) -> None:
    owner.cuts = [100_000]
    owner.statuses = []
    to = tmp_path / "set.zip"

    def stop(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(owner.url, to, progress=stop)
    assert not to.exists()
    assert names(tmp_path) == [".set.zip.part", ".set.zip.part.json"]
    begun = (tmp_path / ".set.zip.part").stat().st_size
    assert 0 < begun <= 100_000
    assert download(owner.url, to, checksum=MD5).read_bytes() == CONTENT
    assert owner.requests[-1]["Range"] == f"bytes={begun}-"
    assert names(tmp_path) == ["set.zip"]


def test_a_connection_that_is_always_cut_gives_up_and_keeps_what_came(owner: Owner, tmp_path: Path) -> None:
    owner.cuts = [1_000, *[0] * 20]
    with pytest.raises(DataError, match=r"cut after 1,000 of 512,000 bytes.*goes on where it stopped.*VITRINA_DATA"):
        download(owner.url, tmp_path / "set.zip")
    assert len(owner.requests) == ATTEMPTS
    assert not (tmp_path / "set.zip").exists()
    assert (tmp_path / ".set.zip.part").stat().st_size == 1_000


def test_a_server_without_ranges_starts_over(owner: Owner, tmp_path: Path) -> None:
    owner.ranges = False
    owner.cuts = [100_000, 50_000]
    assert download(owner.url, tmp_path / "set.zip").read_bytes() == CONTENT
    assert len(owner.requests) == 3


def test_a_server_that_cuts_and_starts_over_for_ever_is_given_up(owner: Owner, tmp_path: Path) -> None:
    owner.ranges = False
    owner.cuts = [500, 300] * 50
    with pytest.raises(DataError, match="cut after"):
        download(owner.url, tmp_path / "set.zip")
    assert len(owner.requests) <= 2 * ATTEMPTS


def test_a_version_that_changed_meanwhile_is_not_mixed_in(owner: Owner, tmp_path: Path) -> None:
    to = tmp_path / "set.zip"
    (tmp_path / ".set.zip.part").write_bytes(b"old" * 1_000)
    (tmp_path / ".set.zip.part.json").write_text(json.dumps({"url": owner.url, "validator": '"v0"'}))
    assert download(owner.url, to).read_bytes() == CONTENT


@pytest.mark.parametrize("notes", [None, "not json", "[]", '{"url": "http://elsewhere/", "validator": "x"}'])
def test_a_beginning_of_unknown_origin_is_not_used(owner: Owner, tmp_path: Path, notes: str | None) -> None:
    (tmp_path / ".set.zip.part").write_bytes(b"old" * 1_000)
    if notes is not None:
        (tmp_path / ".set.zip.part.json").write_text(notes)
    assert download(owner.url, tmp_path / "set.zip").read_bytes() == CONTENT


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
def test_without_a_strong_validator_nothing_is_resumed(owner: Owner, tmp_path: Path, etag: str) -> None:
    owner.etag = etag
    owner.cuts = [100_000]
    assert download(owner.url, tmp_path / "set.zip").read_bytes() == CONTENT
    assert all("Range" not in request for request in owner.requests)


def test_a_part_that_was_whole_already_is_finished(owner: Owner, tmp_path: Path) -> None:
    (tmp_path / ".set.zip.part").write_bytes(CONTENT)
    (tmp_path / ".set.zip.part.json").write_text(json.dumps({"url": owner.url, "validator": owner.etag}))
    assert download(owner.url, tmp_path / "set.zip", checksum=MD5).read_bytes() == CONTENT
    assert len(owner.requests) == 1


def test_a_part_longer_than_the_file_is_thrown_away(owner: Owner, tmp_path: Path) -> None:
    (tmp_path / ".set.zip.part").write_bytes(CONTENT + b"more")
    (tmp_path / ".set.zip.part.json").write_text(json.dumps({"url": owner.url, "validator": owner.etag}))
    assert download(owner.url, tmp_path / "set.zip").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("expected", "reason"),
    [
        ({"checksum": "md5:" + "0" * 32}, "its md5 is"),
        ({"checksum": "sha256:" + "0" * 64}, "its sha256 is"),
        ({"size": 7}, "512,000 bytes; expected 7"),
    ],
)
def test_wrong_content_is_refused_and_removed(owner: Owner, tmp_path: Path, expected: dict[str, Any], reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        download(owner.url, tmp_path / "set.zip", **expected)
    assert names(tmp_path) == []


def test_the_size_is_checked_where_the_server_does_not_tell_it(owner: Owner, tmp_path: Path) -> None:
    owner.tells_length = False
    with pytest.raises(DataError, match="instead of 7"):
        download(owner.url, tmp_path / "set.zip", size=7)
    assert names(tmp_path) == []
    assert download(owner.url, tmp_path / "set.zip", size=len(CONTENT)).read_bytes() == CONTENT


def test_a_missing_page_is_not_asked_for_twice(owner: Owner, tmp_path: Path) -> None:
    owner.statuses = [404]
    with pytest.raises(DataError, match=r"answers 404 .*VITRINA_DATA"):
        download(owner.url, tmp_path / "set.zip")
    assert len(owner.requests) == 1
    assert names(tmp_path) == []


def test_a_busy_server_is_asked_again(owner: Owner, tmp_path: Path) -> None:
    owner.statuses = [503, 429]
    assert download(owner.url, tmp_path / "set.zip").read_bytes() == CONTENT
    owner.statuses = [503] * 9
    with pytest.raises(DataError, match="answers 503"):
        download(owner.url, tmp_path / "again.zip")
    assert len(owner.requests) == 3 + ATTEMPTS


def test_redirects_are_followed_on_the_web_only(owner: Owner, tmp_path: Path) -> None:
    owner.redirect = owner.url.replace("set.zip", "moved.zip")
    assert download(owner.url, tmp_path / "set.zip").read_bytes() == CONTENT
    secret = tmp_path / "secret"
    secret.write_text("secret")
    for target in (secret.as_uri(), "ftp://127.0.0.1/x"):
        owner.redirect = target
        with pytest.raises(DataError):
            download(owner.url, tmp_path / "stolen.zip")
        assert not (tmp_path / "stolen.zip").exists()


def test_redirects_do_not_fall_from_https_to_http() -> None:
    request = module.urllib.request.Request("https://127.0.0.1/x")
    with pytest.raises(DataError, match="not encrypted"):
        module._WebOnly().redirect_request(request, io.BytesIO(), 302, "", module.http.client.HTTPMessage(), "http://127.0.0.1/y")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/x", "set.zip"])
def test_only_web_addresses_are_fetched(tmp_path: Path, url: str) -> None:
    with pytest.raises(DataError, match="expected http"):
        download(url, tmp_path / "set.zip")


def test_offline_the_message_says_what_to_do(owner: Owner, tmp_path: Path) -> None:
    owner.shutdown()
    owner.server_close()
    with pytest.raises(DataError, match=r"cannot download http://127.*Check the connection.*VITRINA_DATA"):
        download(owner.url, tmp_path / "set.zip")
    assert names(tmp_path) == []


def test_a_full_disk_is_said_to_be_one(owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: object, chunk: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_append", full)
    with pytest.raises(VitrinaError, match=r"No space left.*VITRINA_HOME"):
        download(owner.url, tmp_path / "set.zip")
    assert len(owner.requests) == 1
    assert not (tmp_path / "set.zip").exists()


def test_a_folder_that_cannot_be_made_is_named(owner: Owner, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(VitrinaError, match="cannot write"):
        download(owner.url, tmp_path / "file" / "set.zip")
