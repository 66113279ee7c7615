"""The program that pushes an export to the Hugging Face hub: a request as JSON on its input, events as JSON lines on its output."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from academy.errors import chain_of
from academy.messages import Text, msg, to_json

CARD = "README.md"

_PACE = 0.5  # seconds between two reports
_GIVEN = frozenset({".gitattributes"})  # what the hub puts into a new repository
_TOKEN = re.compile(r"\b(?:hf|api_org)_\w{8,}")
_SAID = 300
_NETWORK = ("httpx", "httpcore", "requests", "urllib3")

_READS = "Your token may only read. Make one that may write, put it into HF_TOKEN and start Academy again, or log in with: hf auth login"
_NO_TOKEN = "The hub does not accept your token. Put a valid one into HF_TOKEN and start Academy again, or log in with: hf auth login"
_NO_RIGHT = "The hub does not let your token write to {repo} ({said}). Check its rights and the owner's name."


class Refusal(Exception):
    """Why the export is not pushed, as a sentence."""

    def __init__(self, text: Text) -> None:
        super().__init__(str(text))
        self.text = text


def main() -> int:
    """Does one request; 0 if its last event is `done`."""
    # Libraries print; the events have a channel of their own.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_app, daemon=True).start()

    def say(type_: str, **event: Any) -> None:
        channel.write(json.dumps({"type": type_, **event}, ensure_ascii=False) + "\n")

    try:
        push(request, say)
    except Exception as error:  # noqa: BLE001  the top of a program: any failure becomes its last event
        say("failed", reason=to_json(explain(error, request["repo"])))
        return 1
    return 0


def _end_with_the_app() -> None:
    """Ends this process with the app: the input is closed then."""
    sys.stdin.read()
    os._exit(1)


def push(request: dict[str, Any], say: Callable[..., None]) -> None:
    """Makes the repository and puts the files into it, in one commit."""
    from huggingface_hub import CommitOperationAdd, HfApi, get_token

    api = HfApi(token=get_token())
    repo = _own_name(api, request["repo"])
    files = dict(_files(request))
    if CARD not in files:
        raise Refusal("The export has no model card, so it is not pushed. Export it again.")
    url = _repository(api, repo, request["private"])
    say("found", repo=repo, url=url)
    readers = {name: _Reader(io.FileIO(path)) for name, path in files.items()}
    operations = [CommitOperationAdd(name, reader) for name, reader in readers.items()]
    for reader in readers.values():
        reader.furthest = 0  # what was read was for the checksum
    total = sum(path.stat().st_size for path in files.values())
    over = threading.Event()

    def measure() -> None:
        while not over.wait(_PACE):
            say("progress", bytes=sum(reader.furthest for reader in readers.values()), total=total)

    meter = threading.Thread(target=measure, daemon=True)
    meter.start()
    try:
        made = api.create_commit(repo, operations, commit_message=request["message"])
    finally:
        over.set()
        meter.join()
    say("progress", bytes=total, total=total)
    say("done", repo=repo, url=url, commit=made.oid)


class _Reader(io.BufferedReader):
    """A file that knows how much of it has been read."""

    furthest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        piece = super().read(size)
        self.furthest = max(self.furthest, self.tell())
        return piece


def _own_name(api: Any, repo: str) -> str:
    """The repository with its owner; asks who the token belongs to, which also tells whether it is a token."""
    who = api.whoami()
    role = ((who.get("auth") or {}).get("accessToken") or {}).get("role")
    if role == "read":
        raise Refusal(_READS)
    return repo if "/" in repo else f"{who['name']}/{repo}"


def _repository(api: Any, repo: str, private: bool) -> str:
    """The address of a new repository, or of one that is still empty; raises Refusal where it is taken, or public though it must not be."""
    from huggingface_hub.errors import HfHubHTTPError

    try:
        api.create_repo(repo, private=private, repo_type="model")
    except HfHubHTTPError as error:
        if error.response.status_code != 409:
            raise
    found = api.model_info(repo, timeout=20)
    if {item.rfilename for item in found.siblings or []} - _GIVEN:
        raise Refusal(msg("There is already a repository {repo} with files in it. Choose another name.", repo=repo))
    if private and not found.private:
        raise Refusal(msg("The repository {repo} is public. Choose another name, or push the export as a public one.", repo=repo))
    return f"{api.endpoint}/{repo}"


def _files(request: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    """The files by their name in the repository; those of a zip are unpacked."""
    for name, file in request["files"].items():
        path = Path(file)
        if path.suffix != ".zip":
            yield name, path
            continue
        folder = Path(request["folder"]) / "unpacked"
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        yield from ((str(item.relative_to(folder)), item) for item in sorted(folder.rglob("*")) if item.is_file())


def explain(error: BaseException, repo: str) -> Text:
    """The sentence for any failure; the hub's own words stand there without a token."""
    if isinstance(error, Refusal):
        return error.text
    if isinstance(error, ImportError):
        return msg("Pushing needs a package that is not installed: pip install {package}", package="huggingface_hub")
    from huggingface_hub import constants

    chain = list(chain_of(error))
    answer = next((found for item in chain if (found := getattr(item, "response", None)) is not None), None)
    status = getattr(answer, "status_code", None)
    said = next((str(words) for item in chain if (words := getattr(item, "server_message", None))), "")
    said = _TOKEN.sub("hf_…", said)[:_SAID]
    names = {type(item).__name__ for item in chain}
    if "OfflineModeIsEnabled" in names:
        return "HF_HUB_OFFLINE forbids asking the hub. Unset it and start Academy again."
    if any(isinstance(item, OSError) and item.errno in (errno.ENOSPC, errno.EDQUOT) for item in chain):
        return "The disk became full while the export was unpacked. Free some space and push it again."
    if names & {"LocalTokenNotFoundError"} or status == 401:
        return msg(
            "The hub does not accept your token. Put a valid one into HF_TOKEN and start Academy again, or log in with: hf auth login"
        )
    if status == 403:
        return msg(
            "The hub does not let your token write to {repo} ({said}). Check its rights and the owner's name.",
            repo=repo,
            said=said or "403",
        )
    if status == 404:
        return msg("The hub knows no owner or repository {repo}. Check the name.", repo=repo)
    if status == 429:
        return "The hub refuses requests that come too often (429). Try again later."
    if status is not None:
        return msg("The hub answered with an error ({status}) for {repo}: {said}", status=status, repo=repo, said=said or "–")
    if any(isinstance(item, ConnectionError | TimeoutError) or type(item).__module__.startswith(_NETWORK) for item in chain):
        return msg("The hub at {hub} cannot be reached. Check the network.", hub=constants.ENDPOINT)
    first = _TOKEN.sub("hf_…", (str(error).splitlines() or [""])[0])[:_SAID]
    return msg("{repo} could not be pushed: {kind}: {error}", repo=repo, kind=type(error).__name__, error=first)


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # Not sys.exit, which waits for the threads of an upload.
    os._exit(code)
