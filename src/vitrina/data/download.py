"""Downloads that resume, are verified, and appear only when whole."""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import vitrina
from vitrina.errors import DataError, VitrinaError

#: Called with the bytes at hand and the total, or None where the server does not tell it.
Progress = Callable[[int, int | None], None]

ATTEMPTS = 4  # in a row without a new byte
TIMEOUT = 30.0  # seconds without an answer
_CHUNK = 2**18
_TEMPORARY = {408, 425, 429, 500, 502, 503, 504}


class _TryAgainError(Exception):
    """A fault of the moment."""


def download(
    url: str, to: Path, *, size: int | None = None, checksum: str | None = None, progress: Progress | None = None
) -> Path:
    """Fetch ``url`` into the file ``to`` and return it.

    ``size`` is in bytes; ``checksum`` is ``"md5:..."`` or ``"sha256:..."``. Until the file is whole and verified it is
    ``.NAME.part`` beside ``to``; a cut transfer goes on from there, in this call or a later one, if the server still has
    the same version and can resume. A ``to`` that is there and verified is kept. Raises ``DataError`` when the address
    cannot be reached or the content is not the expected one, ``VitrinaError`` when the disk cannot take it.
    """
    to = Path(to)
    _require_web(url)
    if to.is_file() and _fault(to, size, checksum) is None:
        return to
    part = _Part(to, url)
    furthest, failures = part.size, 0
    while True:
        try:
            _transfer(url, part, size, progress)
            break
        except (_TryAgainError, http.client.HTTPException, OSError) as error:
            reason = _permanent(error)
            failures = 1 if part.size > furthest else failures + 1
            furthest = max(furthest, part.size)
            if reason or failures >= ATTEMPTS:
                raise DataError(
                    f"cannot download {url}: {reason or _reason(error)}. Check the connection and run the command again "
                    "(it goes on where it stopped), or fetch the files by hand and put them under the folder that "
                    "VITRINA_DATA names."
                ) from None
            _wait(2.0 ** (failures - 1))
    fault = _fault(part.path, size, checksum)
    if fault:
        part.discard()
        raise DataError(f"{url} is not the expected file: {fault}. The download was discarded; its owner may have changed it.")
    part.finish()
    return to


class _Part:
    """The file in the making, and what identifies the version it was begun from."""

    def __init__(self, to: Path, url: str) -> None:
        self.to, self.url = to, url
        self.path = to.with_name(f".{to.name}.part")
        self.notes = to.with_name(f".{to.name}.part.json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    @property
    def validator(self) -> str:
        """The server's name for the version begun; empty when it cannot be told, and so not be resumed."""
        try:
            notes = json.loads(self.notes.read_text(encoding="utf-8"))
            return str(notes["validator"]) if notes["url"] == self.url else ""
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def begin(self, validator: str) -> None:
        self.to.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        self.notes.write_text(json.dumps({"url": self.url, "validator": validator}), encoding="utf-8")

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self.notes.unlink(missing_ok=True)

    def finish(self) -> None:
        self.path.replace(self.to)
        self.notes.unlink(missing_ok=True)


def _transfer(url: str, part: _Part, size: int | None, progress: Progress | None) -> None:
    """Ask for what is missing and append it; raises one of the faults that ``download`` tries again."""
    headers = {"User-Agent": f"vitrina/{vitrina.__version__}", "Accept-Encoding": "identity"}
    resuming = part.size > 0 and bool(part.validator)
    if resuming:
        headers |= {"Range": f"bytes={part.size}-", "If-Range": part.validator}
    response = _open(urllib.request.Request(url, headers=headers), part)
    if response is None:
        return
    with response:
        start, total = _extent(response, part.size if resuming else 0)
        if size is not None and total is not None and total != size:
            raise DataError(f"{url} has {total:,} bytes; expected {size:,}. Its owner may have changed it.")
        if start == 0:
            _writing(part.path, lambda: part.begin(_validator(response)))
        done = start
        with _writing(part.path, lambda: part.path.open("ab")) as file:
            while chunk := response.read(_CHUNK):
                _writing(part.path, partial(_append, file, chunk))
                done += len(chunk)
                if progress:
                    progress(done, total)
    if total is not None and done < total:
        raise _TryAgainError(f"the connection was cut after {done:,} of {total:,} bytes")


def _append(file: IO[bytes], chunk: bytes) -> None:
    file.write(chunk)
    file.flush()  # so that a full disk is noticed here


def _open(request: urllib.request.Request, part: _Part) -> Any:
    """Return the response, or None when the server says that nothing is missing."""
    try:
        return urllib.request.build_opener(_WebOnly).open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:
            if error.headers.get("Content-Range") == f"bytes */{part.size}":
                return None
            part.discard()
            raise _TryAgainError("the file has changed on the server") from None
        if error.code in _TEMPORARY:
            raise _TryAgainError(f"the server answers {error.code} {error.reason}") from None
        raise DataError(
            f"{request.full_url} answers {error.code} {error.reason}. The address may have moved: look on its owner's pages, "
            "fetch the files by hand and put them under the folder that VITRINA_DATA names."
        ) from None


def _extent(response: Any, asked: int) -> tuple[int, int | None]:
    """Return (first byte that this answer holds, size of the whole file or None)."""
    length = response.headers.get("Content-Length")
    if response.status != 206:
        return 0, int(length) if length and length.isdigit() else None
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    if not match or int(match[1]) != asked:
        raise _TryAgainError("the server sent another part than the one asked for")
    return asked, None if match[2] == "*" else int(match[2])


def _validator(response: Any) -> str:
    """Return the strong ETag, else the date, by which ``If-Range`` knows this version again."""
    tag: str = response.headers.get("ETag") or ""
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified") or ""


class _WebOnly(urllib.request.HTTPRedirectHandler):
    """Redirects stay on the web, and do not fall from https to http."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        _require_web(newurl)
        if urlsplit(req.full_url).scheme == "https" and urlsplit(newurl).scheme != "https":
            raise DataError(f"{req.full_url} leads to {newurl}, which is not encrypted. Nothing was downloaded.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _require_web(url: str) -> None:
    if urlsplit(url).scheme not in ("http", "https"):
        raise DataError(f"{url} is not an address on the web: expected http:// or https://.")


def _writing(path: Path, action: Callable[[], Any]) -> Any:
    """Run an action on the disk, so that its faults are not taken for faults of the network."""
    try:
        return action()
    except OSError as error:
        raise VitrinaError(
            f"cannot write {path}: {error.strerror or error}. Free some space or choose another folder with VITRINA_HOME; "
            "what is there already will be used."
        ) from None


def _permanent(error: BaseException) -> str:
    """Say why trying again cannot help; empty where it can."""
    reason = getattr(error, "reason", error)
    return f"its certificate is not valid ({reason.verify_message})" if isinstance(reason, ssl.SSLCertVerificationError) else ""


def _reason(error: BaseException) -> str:
    return str(getattr(error, "reason", error)) or type(error).__name__


def _wait(seconds: float) -> None:
    time.sleep(seconds)


def _fault(path: Path, size: int | None, checksum: str | None) -> str | None:
    if size is not None and path.stat().st_size != size:
        return f"it has {path.stat().st_size:,} bytes instead of {size:,}"
    if checksum is not None:
        method, _, wanted = checksum.partition(":")
        with path.open("rb") as file:
            found = hashlib.file_digest(file, method).hexdigest()
        if found != wanted.lower():
            return f"its {method} is {found} instead of {wanted}"
    return None
