"""The host names that are ours, and the pages that may send requests."""

from __future__ import annotations

import re
import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from academy.access.requests import PROGRAMS, SAFE, Refusal
from academy.config import HOST, Settings
from academy.messages import join

_WILDCARDS = frozenset({"0.0.0.0", "::", ""})


class Hosts:
    """The names under which this Academy may be called, against rebinding, and the pages that may call it.

    Starlette's TrustedHostMiddleware looks at one Host header only and knows neither forwarded hosts nor the socket's own address.
    """

    def __init__(self, settings: Settings) -> None:
        self._names = {"localhost"}
        self._reachable = not settings.is_loopback
        self._origins = [origin for origin in settings.cors_origins.split(",") if origin]
        self._trusted = [name for name in settings.allowed_hosts.split(",") if name]
        if settings.space_id:
            self._trusted.append(re.sub(r"[^a-z0-9-]", "-", settings.space_id.lower()) + ".hf.space")
            self._trusted += [name.strip() for name in settings.space_host.lower().split(",") if name.strip()]  # with a domain of its own
        if settings.host not in _WILDCARDS:
            self._names.add(settings.host.lower().strip("[]"))
        elif self._reachable:
            self._names.add(socket.gethostname().lower())

    def refusal(self, scope: Scope) -> Refusal | None:
        """Why the request's Host is not ours, or None."""
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-host"]
        if len(hosts) != 1 or len(forwarded) > 1:
            return Refusal(400, "A request needs exactly one Host.")
        if not self._is_ours(hosts[0].decode("latin-1"), scope):
            return Refusal(400, "Academy does not answer under this host name. Add it to ACADEMY_ALLOWED_HOSTS if it is yours.")
        if not all(self._is_ours(name, scope) for value in forwarded for name in _listed(value.decode("latin-1"))):
            return Refusal(400, "A proxy forwards a host name that Academy does not know. Add it to ACADEMY_ALLOWED_HOSTS if it is yours.")
        return None

    def foreign(self, scope: Scope, path: str) -> Refusal | None:
        """Why the page that sends this request may not, or None; programs, which name no page, may."""
        headers = Headers(scope=scope)
        if self.allowed_origin(scope, path):
            return None
        safe = scope.get("method", "GET") in SAFE and scope["type"] == "http"
        site = headers.get("sec-fetch-site")
        sources = headers.getlist("origin")
        if not sources and (not safe or path.startswith(PROGRAMS)):
            sources = headers.getlist("referer")
        if any(not self._is_own_page(source, scope, headers) for source in sources):
            return _foreign(path, sources)
        if site in (None, "same-origin", "none") or self._is_visit(headers, safe, path):
            return None
        return _foreign(path, sources)

    def allowed_origin(self, scope: Scope, path: str) -> str:
        """The origin of a page elsewhere that the owner lets use the OpenAI-compatible API; "" for any other request."""
        origins = Headers(scope=scope).getlist("origin")
        if not self._origins or len(origins) != 1 or not path.startswith("/v1/") or scope["type"] != "http":
            return ""
        origin = origins[0].lower()
        known = any(origin == pattern or (pattern.endswith("://*") and origin.startswith(pattern[:-1])) for pattern in self._origins)
        return origins[0] if known else ""

    @staticmethod
    def _is_visit(headers: Headers, safe: bool, path: str) -> bool:
        """Whether a person follows a link to a page, which any website may offer."""
        destination = headers.get("sec-fetch-dest", "document")
        return (
            safe
            and headers.get("sec-fetch-mode") == "navigate"
            and destination in ("document", "iframe")  # framing is for the browser to refuse: frame-ancestors
            and not path.startswith(PROGRAMS)
        )

    def _is_ours(self, host: str, scope: Scope) -> bool:
        match = HOST.fullmatch(host)
        if not match or int(match["port"] or 0) > 65535:
            return False
        name = (match["six"] or match["name"]).lower()
        if name in self._names or self._is_trusted(name, host.lower()):
            return True
        try:
            address = ip_address(name)
        except ValueError:
            return False
        if address.is_loopback:
            return True
        # A literal address cannot be rebound; but only the one that was called is ours.
        return self._reachable and str(address) == (scope.get("server") or ("", 0))[0]

    def _is_trusted(self, name: str, with_port: str) -> bool:
        return any(
            pattern in (name, with_port) or (pattern.startswith("*.") and name.endswith(pattern[1:]) and len(name) > len(pattern) - 1)
            for pattern in self._trusted
        )

    def _is_own_page(self, source: str, scope: Scope, headers: Headers) -> bool:
        try:
            parts = urlsplit(source)
            name = (parts.hostname or "").lower()
        except ValueError:
            return False
        if parts.scheme not in ("http", "https") or "@" in parts.netloc or not HOST.fullmatch(parts.netloc):
            return False
        if self._is_trusted(name, parts.netloc.lower()):
            return True
        called = [headers.get("host", ""), *_listed(headers.get("x-forwarded-host", ""))[:1]]
        own = {_without_default_port(name.lower()) for name in called if name}
        schemes = (scope.get("scheme", "http"), *_listed(headers.get("x-forwarded-proto", ""))[:1])
        return _without_default_port(parts.netloc.lower()) in own and parts.scheme in schemes


def _foreign(path: str, sources: list[str]) -> Refusal:
    """The refusal of what another website sent; to a client of the OpenAI-compatible API with the setting that would allow it."""
    sentence = "Another website sent this request, and Academy takes requests from its own page and from programs only."
    can_be_allowed = path.startswith("/v1/") and sources
    return Refusal(403, join(sentence, "If it is yours, name its origin in ACADEMY_CORS_ORIGINS." if can_be_allowed else None))


def _listed(value: str) -> list[str]:
    """The parts of a header to which each proxy on the way adds its own, the outermost first."""
    return [part.strip() for part in value.split(",")]


def _without_default_port(host: str) -> str:
    return re.sub(r":(80|443)$", "", host)
