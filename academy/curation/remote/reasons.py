"""Why a remote source cannot be read, in a sentence. The library's own words stand there only without credentials."""

from __future__ import annotations

import re
from typing import Any

from academy.curation.remote import guard
from academy.curation.remote.address import PACKAGES, Source, scrub
from academy.errors import chain_of
from academy.messages import Text, msg

PRIVATE = (
    "{name} leads to {address}, a private address, which is not read. "
    "If it is a machine of yours, name it in ACADEMY_REMOTE_HOSTS and start Academy again."
)
_WORDS = (
    (r"OfflineModeIsEnabled", "HF_HUB_OFFLINE forbids asking the hub. Unset it and start Academy again."),
    (
        r"GatedRepoError",
        "{name} is gated: its owner asks who uses it. Accept the terms on its page, put your token into HF_TOKEN, and start Academy again.",
    ),
    (r"RevisionNotFoundError", "{name} has no revision {revision!r}. Leave it empty for the newest."),
    (
        r"RepositoryNotFoundError|DatasetNotFoundError",
        "There is no dataset {name} on the hub, or it is private. Check the name; for a private one put a token into HF_TOKEN.",
    ),
    (r"scripts are no longer supported", "{name} is a program that makes its rows, which Academy never runs. Choose another dataset."),
    (r"BuilderConfig .* not found", "{name} has no configuration {config!r}. Look at it without one to see those that there are."),
    (r"Bad split|Unknown split", "{name} has no split {split!r}. Look at it without one to see those that there are."),
    (r"DataFilesNotFoundError|EmptyDatasetError", "{name} has no files with rows. Choose another dataset."),
    (
        r"NoCredentialsError|InvalidAccessKeyId|SignatureDoesNotMatch",
        "The storage of {name} does not accept the credentials in its variables.",
    ),
    (r"No space left on device", "The disk became full while {name} was read. Free some space and try again."),
)


def explain(error: BaseException, source: Source, request: dict[str, Any]) -> Text:
    """The sentence for any failure of the program."""
    values = {"name": source.shown, **{key: str(request[key])[:80] for key in ("revision", "config", "split")}}
    chain = list(chain_of(error))
    status = next((code for item in chain if (code := _status(item))), None)
    if guard.refused:
        return msg(PRIVATE, name=source.shown, address=guard.refused[0])
    if type(error).__name__ == "TooMuch":
        limit = int(request["limit_bytes"]) >> 20
        return msg(
            "{name} is larger than {limit:number} MB. Take fewer rows, or raise ACADEMY_MAX_UPLOAD_MB.", name=source.shown, limit=limit
        )
    if isinstance(error, ImportError):
        return _missing(source)
    said = "\n".join(f"{type(item).__name__}: {item}" for item in chain)
    for pattern, sentence in _WORDS:
        if re.search(pattern, said):
            return msg(sentence, **{key: value for key, value in values.items() if f"{{{key}" in sentence})
    if status in (401, 403) or any(isinstance(item, PermissionError) for item in chain):
        return msg("{name} may not be read: the server refuses it. Check the address and its credentials.", name=source.shown)
    if status == 404 or (isinstance(error, FileNotFoundError) and status is None and not _unreachable(chain)):
        return msg("{name} was not found. Check the address.", name=source.shown)
    if status is not None:
        return msg("The server answered with an error ({status}) for {name}. Try again later.", status=status, name=source.shown)
    if _unreachable(chain):
        return msg("The server of {name} cannot be reached. Check the address and the network.", name=source.shown)
    first = (scrub(str(error)).splitlines() or [""])[0][:300]
    return msg("{name} could not be read: {kind}: {error}", name=source.shown, kind=type(error).__name__, error=first)


def _status(error: BaseException) -> int | None:
    """The status of the answer that a library's error carries."""
    found = getattr(getattr(error, "response", None), "status_code", None) or getattr(error, "status", None)
    return found if isinstance(found, int) and found >= 400 else None


def _unreachable(chain: list[BaseException]) -> bool:
    kinds = (
        "ClientConnectorError",
        "ClientConnectorDNSError",
        "ConnectError",
        "ConnectTimeout",
        "ServerTimeoutError",
        "EndpointConnectionError",
    )
    return any(isinstance(item, ConnectionError | TimeoutError) or type(item).__name__ in kinds for item in chain)


def _missing(source: Source) -> Text:
    package = PACKAGES[source.scheme] if source.kind == "file" else "datasets"
    return msg("{name} needs a package that is not installed: pip install {package}", name=source.shown, package=package)
