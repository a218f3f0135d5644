"""One virtual environment per peer library, made from its pinned requirements; the project's own stays clean of peers."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements"
ENVIRONMENTS = HERE / ".venvs"

#: Libraries that run in the project's own environment: ours, and the bare linear algebra behind it.
OWN = ("ours", "bare")

#: Where the pins are not for Python 3.11 alone, they were resolved on it; no peer needed an older version for its sake.
PEERS = tuple(sorted(path.stem for path in REQUIREMENTS.glob("*.txt")))


def python_of(library: str) -> Path:
    """Return the interpreter in which ``library`` runs."""
    return Path(sys.executable) if library in OWN else ENVIRONMENTS / library / "bin" / "python"


def ensure(library: str) -> None:
    """Make the environment of ``library`` unless it is there with the same pins."""
    if library in OWN:
        return
    if library not in PEERS:
        raise SystemExit(f"no peer is called {library!r}; known: {', '.join(PEERS)}.")
    pins = REQUIREMENTS / f"{library}.txt"
    stamp = ENVIRONMENTS / library / ".installed"
    digest = hashlib.sha256(pins.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == digest:
        return
    print(f"installing {library} into {stamp.parent.relative_to(HERE.parent)}", file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(stamp.parent)], check=True)
    pip = [str(python_of(library)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
    subprocess.run([*pip, "-r", str(pins)], check=True, stdout=sys.stderr)
    stamp.write_text(digest)
