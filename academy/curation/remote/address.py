"""The address of a remote source: checked, and redacted for everything that is shown or stored. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from academy.errors import Invalid

PACKAGES = {"https": "aiohttp", "http": "aiohttp", "s3": "s3fs", "gs": "gcsfs", "hf": "huggingface_hub"}
"""The schemes that can be read, with the package that reads each through fsspec."""

_DATASET = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(?:/[A-Za-z0-9][\w.-]{0,95})?", re.ASCII)
_PAGE = re.compile(r"https://huggingface\.co/datasets/([^/?#]+/[^/?#]+)(?:/(?:viewer|tree/main)?)?", re.ASCII)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\"<>()]+", re.IGNORECASE)
_EMBEDDING = IPv6Network("64:ff9b::/96")  # IPv4 behind a translator


@dataclass(frozen=True)
class Source:
    """A dataset of the hub or a file. `address` may hold credentials: it is neither stored nor logged; `shown` is."""

    kind: Literal["dataset", "file"]
    name: str
    address: str
    shown: str
    scheme: str


def parse(text: str, hosts: Sequence[str] = ()) -> Source:
    """The source under a name or an address; `hosts` are those that may be read without encryption. Raises Invalid."""
    text = text.strip()
    if page := _PAGE.fullmatch(text):
        text = page[1]
    if _DATASET.fullmatch(text) and ".." not in text:
        return Source("dataset", text, text, text, "hf")
    scheme, separator, rest = text.partition("://")
    if not separator or not rest or not text.isprintable() or " " in text:
        raise Invalid(
            "This is neither the name of a dataset nor an address.",
            hint="Write a name such as tatsu-lab/alpaca, or an address such as https://example.org/rows.jsonl or s3://bucket/rows.csv.",
        )
    scheme = {"gcs": "gs"}.get(scheme.lower(), scheme.lower())
    shown = redacted(text)
    if scheme not in PACKAGES or "::" in text.partition("[")[0]:
        raise Invalid("{address} cannot be read.", hint="Known are {schemes:commas}.", address=shown, schemes=["https", "s3", "gs", "hf"])
    parts = _split(text, shown)
    if scheme == "http" and not {parts.hostname or "", parts.netloc.rpartition("@")[2]} & {*hosts}:
        raise Invalid(
            "{address} is not encrypted.", hint="Use https://, or name a host that you trust in ACADEMY_REMOTE_HOSTS.", address=shown
        )
    name = unquote(parts.path.rstrip("/").rpartition("/")[2])
    if not parts.netloc or not name:
        raise Invalid("{address} names no file.", hint="Add the path of one file.", address=shown)
    return Source("file", name, text, shown, scheme)


def redacted(url: str) -> str:
    """An address without user, password, query and fragment, any of which may be a credential."""
    head, separator, rest = url.partition("://")
    if not separator:
        return url
    place, mark, _ = rest.replace("#", "?", 1).partition("?")
    host, slash, path = place.partition("/")
    return f"{head}://{host.rpartition('@')[2]}{slash}{path}{'?…' if mark else ''}"


def scrub(text: str) -> str:
    """A text of a library with every address in it redacted."""
    return _URL.sub(lambda found: redacted(found[0]), text)


def is_public(host: str) -> bool:
    """Whether an IP address is reachable by everyone; an IPv6 address that embeds an IPv4 address is what it embeds."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return all(part.is_global and not part.is_multicast for part in (address, *_embedded(address)))


def _embedded(address: IPv4Address | IPv6Address) -> tuple[IPv4Address, ...]:
    if isinstance(address, IPv4Address):
        return ()
    mapped = address.ipv4_mapped or address.sixtofour
    if mapped is None and address in _EMBEDDING:
        mapped = IPv4Address(int(address) & 0xFFFFFFFF)
    return (mapped,) if mapped else ()


def _split(text: str, shown: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.hostname, parts.port
    except ValueError as error:
        raise Invalid("{address} is not an address.", hint="Check the host and the port.", address=shown) from error
    return parts
