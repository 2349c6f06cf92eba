"""The head of the ledger kept outside of it: as a file, signed, stamped by an authority, or in a git tag.

Signing and stamping are left to tools that an auditor has without us: ``ssh-keygen -Y`` and ``openssl ts`` (RFC 3161).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from jevons.account.ledger import canonical
from jevons.account.ledger.schema import closing, run
from jevons.core.errors import BadInput

SCHEMA = "jevons.ledger.anchor/1"
NAMESPACE = "jevons-ledger"
LONGEST = 256 << 20


def taken(connection: Connection) -> dict[str, Any]:
    """The head of the chain of runs, and the heads of the runs it does not hold yet."""
    last = connection.execute(select(closing.c.position, closing.c.hash).order_by(closing.c.position.desc()).limit(1)).first()
    beyond = connection.execute(select(run.c.run, run.c.entries, run.c.head).where(run.c.sealed < run.c.entries).order_by(run.c.run))
    return {
        "schema": SCHEMA, "at": datetime.now(UTC).isoformat(timespec="seconds"), "position": last.position if last else 0,
        "head": last.hash if last else canonical.GENESIS, "open": {name: [entries, head] for name, entries, head in beyond},
    }  # fmt: skip


def read(text: str, where: str = "anchor") -> dict[str, Any]:
    """An anchor from its text. Errors: BadInput where it is none."""
    try:
        found = canonical.read(text)
        heads = [found["head"], *(head for _, head in found["open"].values())]
        if found["schema"] != SCHEMA or not all(isinstance(h, str) and len(h) == len(canonical.GENESIS) for h in heads):
            raise ValueError
        return {**found, "position": int(found["position"])}
    except (ValueError, TypeError, KeyError, AttributeError):
        raise BadInput("anchor", where, "give a file written by jevons ledger anchor, or git:TAG") from None


def load(where: str) -> dict[str, Any]:
    """An anchor from a file, or from the message of a git tag of this folder's repository (``git:TAG``)."""
    if where.startswith("git:"):
        return read(tagged(where.removeprefix("git:")), where)
    path = Path(where)
    try:
        if path.stat().st_size > LONGEST:
            raise BadInput("anchor", where, "this is no anchor: it is too long")
        return read(path.read_text(encoding="utf-8"), where)
    except (OSError, UnicodeDecodeError):
        raise BadInput("anchor", where, "name a file that can be read") from None


def save(anchor: Mapping[str, Any], path: Path) -> None:
    """Write an anchor to a file that is not there yet. Errors: BadInput."""
    try:
        with path.open("x", encoding="utf-8") as handle:
            handle.write(as_text(anchor))
    except FileExistsError:
        raise BadInput("anchor", str(path), "it is there already and will not be overwritten; choose another name") from None
    except OSError as trouble:
        raise BadInput("anchor", str(path), f"name a place that can be written ({trouble.strerror})") from None


def as_text(anchor: Mapping[str, Any]) -> str:
    """An anchor as it is kept."""
    return json.dumps(anchor, indent=1, sort_keys=True) + "\n"


def tag(anchor: Mapping[str, Any], name: str, folder: Path | None = None) -> None:
    """Keep an anchor as the message of an annotated tag. Errors: BadInput where git refuses."""
    _run(["git", "tag", "--annotate", "--cleanup=verbatim", "--file=-", "--", name], "git", folder, as_text(anchor))


def tagged(name: str, folder: Path | None = None) -> str:
    """The message of an annotated tag."""
    return _run(["git", "for-each-ref", "--format=%(contents)", f"refs/tags/{name}"], "git", folder).strip()


def sign(path: Path, key: Path) -> Path:
    """Sign a file with an SSH key (ed25519 or another); the signature beside it, ``FILE.sig``."""
    Path(f"{path}.sig").unlink(missing_ok=True)
    _run(["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(path)], "OpenSSH")
    return Path(f"{path}.sig")


def check_signature(path: Path, signers: Path) -> str:
    """Who signed a file, by a list of allowed signers (``name key`` a line, as ssh-keygen reads). Errors: BadInput if nobody."""
    signature = Path(f"{path}.sig")
    if not signature.is_file():
        raise BadInput("signature", str(signature), "sign the anchor: jevons ledger anchor FILE --sign KEY")
    who = _run(["ssh-keygen", "-Y", "find-principals", "-f", str(signers), "-s", str(signature)], "OpenSSH").split("\n")[0].strip()
    _run(["ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", who, "-n", NAMESPACE, "-s", str(signature)], "OpenSSH",
         text=path.read_text(encoding="utf-8"))  # fmt: skip
    return who


def request(path: Path) -> Path:
    """What to send to a time-stamping authority (RFC 3161): the request beside the file, ``FILE.tsq``."""
    _run(["openssl", "ts", "-query", "-data", str(path), "-sha256", "-cert", "-out", f"{path}.tsq"], "OpenSSL")
    return Path(f"{path}.tsq")


def check_stamp(path: Path, authority: Path, response: Path | None = None) -> str:
    """When a file was stamped, by the authority's certificates (PEM). ``response``: by default ``FILE.tsr``. Errors: BadInput."""
    stamp = response or Path(f"{path}.tsr")
    if not stamp.is_file():
        raise BadInput("time stamp", str(stamp), "send the request (FILE.tsq) to an authority and keep its answer under this name")
    with tempfile.TemporaryDirectory() as nowhere:  # no certificates but those given
        _run(["openssl", "ts", "-verify", "-data", str(path), "-in", str(stamp), "-CAfile", str(authority), "-CApath", nowhere], "OpenSSL")
    told = _run(["openssl", "ts", "-reply", "-in", str(stamp), "-text"], "OpenSSL")
    return next((line.partition(": ")[2] for line in told.splitlines() if line.startswith("Time stamp: ")), "")


def _run(command: list[str], package: str, folder: Path | None = None, text: str = "") -> str:
    if shutil.which(command[0]) is None:
        raise BadInput(command[0], "not found", f"install {package}")
    done = subprocess.run(command, cwd=folder, input=text, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())
        raise BadInput(" ".join(command[:3]), said[-300:], "see what it says, and mend that")
    return done.stdout
