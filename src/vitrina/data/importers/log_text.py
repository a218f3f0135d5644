"""The bytes of a text file as UTF-8 with plain line ends, whatever encoding they came in."""

from __future__ import annotations

import codecs
import difflib
import re
from pathlib import Path

from vitrina.errors import DataError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ARCHIVES = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook; unpack it, or save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an Excel workbook; save the sheet as CSV",
    b"\x1f\x8b": "compressed with gzip; unpack it first (gunzip)",
    b"\x28\xb5\x2f\xfd": "compressed with Zstandard; unpack it first (unzstd)",
    b"BZh": "compressed with bzip2; unpack it first (bunzip2)",
    b"\xfd7zXZ\x00": "compressed with xz; unpack it first (unxz)",
    b"SQLite format 3\x00": "an SQLite database; export the table as CSV",
}
_BLOCK = 1 << 24


def read_bytes(path: Path) -> bytes:
    """Return the content of a regular, non-empty file; raises ``DataError`` that says what is there instead."""
    if not path.exists():
        near = difflib.get_close_matches(path.name, _names(path.parent), n=1, cutoff=0.6)
        hint = f"Did you mean {path.parent / near[0]}?" if near else "Check the path and the current folder."
        raise DataError(f"there is no file {path}. {hint}")
    if path.is_dir():
        if (path / "dataset.toml").is_file():
            raise DataError(f"{path} is a folder that was imported already; use it as the data set. Expected a log file.")
        inside = ", ".join(_names(path)[:6]) or "nothing"
        raise DataError(f"{path} is a folder; expected a file. It holds: {inside}.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}. Check its permissions.") from None
    if not data.strip():
        raise DataError(f"{path} is empty. Expected one event a line, for example: user,item,timestamp")
    return data


def to_utf8(data: bytes, path: Path, encoding: str | None = None) -> tuple[bytes, list[str]]:
    """Return ``data`` as UTF-8 with ``\\n`` line ends, and warnings about what had to be assumed.

    Without ``encoding``: a byte order mark decides, then UTF-8, UTF-16 without mark, Windows-1252, Latin-1. Only the
    named ``encoding`` can fail (``DataError``); a guessed one never does.
    """
    warnings: list[str] = []
    for magic, what in _ARCHIVES.items():
        if data.startswith(magic):
            raise DataError(f"{path} is {what}.")
    bom = next((found for found in _BOMS if data.startswith(found[0])), None)
    if encoding is not None:
        data = _decode_named(data, path, encoding)
    elif bom is not None and bom[1] != "utf-8":
        data = _decode_lossy(data, bom[1], path, warnings)
    else:
        data = data[len(bom[0]) :] if bom else data
        fault = _first_fault(data)
        sample = data[:4096]
        if sample.count(0) > len(sample) // 4:
            order = "utf-16-le" if sample[1::2].count(0) >= sample[::2].count(0) else "utf-16-be"
            data = _decode_lossy(data, order, path, warnings)
        elif fault is not None:
            data = _decode_single_byte(data, fault, path, warnings)
    if b"\n" not in data and b"\r" in data:
        data = data.replace(b"\r", b"\n")
    return data, warnings


def _names(folder: Path) -> list[str]:
    try:
        return sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
    except OSError:
        return []


def _first_fault(data: bytes) -> int | None:
    """Return the position of the first byte that is not UTF-8; decodes in blocks, so that memory stays flat."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    view = memoryview(data)
    for start in range(0, len(data), _BLOCK):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(view[start : start + _BLOCK], start + _BLOCK >= len(data))
        except UnicodeDecodeError as error:
            return start - pending + error.start
    return None


def _decode_named(data: bytes, path: Path, encoding: str) -> bytes:
    try:
        return data.decode(encoding).removeprefix("\ufeff").encode("utf-8")
    except (LookupError, UnicodeError) as error:
        raise DataError(f"{path} cannot be read with encoding {encoding!r}: {error}. Try utf-8, utf-16 or cp1252.") from None


def _decode_lossy(data: bytes, encoding: str, path: Path, warnings: list[str]) -> bytes:
    text = data.decode(encoding, errors="replace").removeprefix("\ufeff")
    lost = text.count("\ufffd")
    name = encoding.upper()[:6]
    warnings.append(f"{path.name} was read as {name}" + (f"; {lost} unreadable character(s) became '\ufffd'." if lost else "."))
    return re.sub("[\ud800-\udfff]", "\ufffd", text).encode("utf-8")


def _decode_single_byte(data: bytes, fault: int, path: Path, warnings: list[str]) -> bytes:
    line = data.count(b"\n", 0, fault) + 1
    try:
        text, name = data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        text, name = data.decode("latin-1"), "Latin-1"
    warnings.append(
        f"{path.name} is not UTF-8 (first at line {line}); it was read as {name}. Check accented letters, or name the encoding."
    )
    return text.encode("utf-8")
