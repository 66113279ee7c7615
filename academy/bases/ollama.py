"""Ollama's models: a manifest names the files of each, which have hashes for names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from academy.errors import NotFound, Refused

PREFIX = "ollama:"
"""Before Ollama's own name of a model, as `ollama list` shows it: `ollama:llama3.2:1b`."""

_REGISTRY, _NAMESPACE, _TAG = "registry.ollama.ai", "library", "latest"
_PART = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$")
_DIGEST = re.compile(r"^sha256[:-](?P<hash>[0-9a-f]{64})$")
_SMALL = 1 << 20
_MOST = 1000


def names(folders: Sequence[Path]) -> list[str]:
    """The names of all models in Ollama's folders, sorted; without the weights being looked at."""
    found: dict[str, None] = {}
    for folder in folders:
        for manifest in _manifests(folder / "manifests"):
            *parts, model, tag = manifest.relative_to(folder / "manifests").parts
            registry, *namespaces = parts or [_REGISTRY]
            shown = [] if registry == _REGISTRY else [registry]
            shown += [] if namespaces == [_NAMESPACE] else namespaces
            found["/".join([*shown, f"{model}:{tag}"])] = None
            if len(found) >= _MOST:
                break
    return [PREFIX + name for name in sorted(found)]


def weights_of(name: str, folders: Sequence[Path]) -> Path:
    """The GGUF file behind a name with the prefix; raises NotFound, or Refused for a model that is more than one file."""
    for folder in folders:
        manifest = _manifest(name, folder)
        if manifest is not None:
            return _weights(name, manifest, folder / "blobs")
    raise NotFound("Ollama has no model {name!r} on this machine.", hint="`ollama list` shows those it has.", name=name)


def _manifests(folder: Path) -> Iterator[Path]:
    # <registry>/<namespace>/<model>/<tag>
    for path in sorted(folder.glob("*/*/*/*")):
        if path.is_file() and not path.name.startswith("."):
            yield path


def _manifest(name: str, folder: Path) -> Path | None:
    path, _, tag = name.removeprefix(PREFIX).rpartition(":") if ":" in name.removeprefix(PREFIX) else (name.removeprefix(PREFIX), "", "")
    *before, model = path.split("/")
    before = [_REGISTRY, _NAMESPACE][: 2 - len(before)] + before if len(before) < 2 else before
    parts = [*before, model, tag or _TAG]
    if len(parts) != 4 or not all(_PART.match(part) and ".." not in part for part in parts):
        return None
    manifest = folder.joinpath("manifests", *parts)
    return manifest if manifest.is_file() else None


def _weights(name: str, manifest: Path, blobs: Path) -> Path:
    hint = "Fetch it again: ollama pull {model}"
    model = name.removeprefix(PREFIX)
    try:
        raw = manifest.read_bytes()[:_SMALL]
        layers = [(layer["mediaType"].rpartition(".")[2], layer["digest"]) for layer in json.loads(raw)["layers"]]
        digests = [_DIGEST.match(digest) for kind, digest in layers if kind == "model"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refused("Ollama's record of {name!r} is damaged.", hint=hint, name=name, model=model) from error
    if any(kind == "adapter" for kind, _ in layers):
        message = "Ollama puts an adapter on {name!r} each time it is loaded; the two are not one model."
        raise Refused(message, hint="Choose the model without it.", name=name)
    if len(digests) != 1 or digests[0] is None:
        message = "Ollama keeps {name!r} in {n} files; one GGUF file can be read."
        raise Refused(message, hint="Choose another model.", name=name, n=len(digests))
    for form in ("sha256-{}", "sha256:{}"):
        blob = blobs / form.format(digests[0]["hash"])
        if blob.is_file():
            return blob
    raise Refused("The weights of {name!r} are not in Ollama's folder.", hint=hint, name=name, model=model)
