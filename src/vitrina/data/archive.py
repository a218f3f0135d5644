"""Zip archives that cannot write outside their folder."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from vitrina.data.files import atomic_folder
from vitrina.errors import DataError


def safe_extract(archive: Path, to: Path, *, limit: int = 20 * 2**30) -> Path:
    """Unpack a zip archive into the new folder ``to``, all or nothing, and return it.

    A folder that holds everything else is left out. Raises ``DataError`` for a damaged archive and for one with
    absolute paths, ``..``, links, or more than ``limit`` bytes.
    """
    if not archive.is_file():
        raise DataError(f"there is no archive {archive}.")
    try:
        with zipfile.ZipFile(archive) as packed, atomic_folder(to, marker="") as part:
            members = [m for m in packed.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
            paths = [_safe_path(archive, member) for member in members]
            total = sum(member.file_size for member in members)
            if total > limit:
                raise DataError(f"{archive} would unpack to {total:,} bytes; at most {limit:,} are allowed.")
            shared = bool(paths) and all(len(path.parts) > 1 and path.parts[0] == paths[0].parts[0] for path in paths)
            for member, path in zip(members, paths, strict=True):
                target = part.joinpath(*path.parts[shared:])
                target.parent.mkdir(parents=True, exist_ok=True)
                _unpack(packed, member, target)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError) as error:
        raise DataError(f"{archive} cannot be unpacked: {error}. Remove it and download it again.") from None
    return to


def _unpack(packed: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """Write one file; whatever is wrong with the archive is raised as such, not as a fault of the disk."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise NotImplementedError(f"{member.filename} is packed by method {member.compress_type}")
    if target.exists():
        raise zipfile.BadZipFile(f"{member.filename} is in it twice")
    try:
        source = packed.open(member)
    except OSError as error:
        raise zipfile.BadZipFile(str(error)) from None
    with source, target.open("xb") as file:
        shutil.copyfileobj(source, file, 2**18)


def _safe_path(archive: Path, member: zipfile.ZipInfo) -> PurePosixPath:
    name = member.filename
    path = PurePosixPath(name)
    outside = path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or not path.parts
    if outside or stat.S_ISLNK(member.external_attr >> 16):
        raise DataError(f"{archive} holds {name!r}, which would leave its folder. Nothing was unpacked; do not trust this file.")
    return path
