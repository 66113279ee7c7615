"""The token and the login: where a token is needed, how often it may be guessed, and the page that asks for it."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from academy.config import Settings
from academy.errors import AcademyError
from academy.files import write_atomic
from academy.messages import Text, language, render

_COOKIE_SECONDS = 30 * 24 * 3600
_CODE_SECONDS = 24 * 3600
_MAX_CODES = 100


def token_for(settings: Settings) -> str:
    """The token that every request needs, or "" where none does: ACADEMY_TOKEN, else on a reachable address one kept in `<data>/token`.

    A Space without ACADEMY_TOKEN has none: there the guard allows everyone to look and chat, and no one to change anything.
    """
    if not settings.needs_token:
        return ""
    return settings.token or _stored_secret(settings.data_dir / "token")


def _stored_secret(path: Path) -> str:
    """The secret in the file; where there is none, a new one, readable by the owner only."""
    try:
        if path.is_symlink():
            raise AcademyError(
                "{file} in the data folder is a link, so it is not trusted.", hint="Delete it and start again.", file=path.name
            )
        secret = path.read_text(encoding="utf-8").strip()
        if secret:
            os.chmod(path, 0o600)
            return secret
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError) as error:
        raise AcademyError("{file} in the data folder cannot be read.", hint="Delete it and start again.", file=path.name) from error
    fresh = secrets.token_urlsafe(32)
    write_atomic(path, fresh + "\n", mode=0o600)
    return fresh


@dataclass
class _Record:
    """The wrong tries of one address within the window: their times, and the different values."""

    times: list[float] = field(default_factory=list)
    values: dict[bytes, float] = field(default_factory=dict)


class Tries:
    """Counts wrong tokens by address.

    Each try beyond the limit is answered with 429. Guessing (many *different* wrong tokens) shuts the address out altogether; a
    program that sends one outdated token again and again does not shut out its neighbour that sends the right one. Guesses from
    many addresses at once shut out every address: behind a proxy of this machine anybody here can claim any address.
    """

    def __init__(self, allowed: int = 10, window: float = 60.0, allowed_in_all: int = 300) -> None:
        self.allowed = allowed
        self.window = window
        self.allowed_in_all = allowed_in_all
        self._records: OrderedDict[str, _Record] = OrderedDict()
        self._all = _Record()

    def shut_out(self, address: str) -> bool:
        """Whether this address has guessed so much that it is not even listened to."""
        record = self._records.get(address)
        return self._guesses(self._all) > self.allowed_in_all or (record is not None and self._guesses(record) > self.allowed)

    def failed(self, address: str, value: bytes) -> bool:
        """Notes a wrong try; returns whether the address is over the limit."""
        now = time.monotonic()
        record = self._records.setdefault(address, _Record())
        self._records.move_to_end(address)
        while len(self._records) > 10_000:
            self._records.popitem(last=False)
        record.times = [*(moment for moment in record.times[-self.allowed :] if moment > now - self.window), now]
        for known, most in ((record, self.allowed), (self._all, self.allowed_in_all)):
            if len(known.values) <= most:
                known.values[hashlib.sha256(value).digest()] = now
        return len(record.times) > self.allowed

    def _guesses(self, record: _Record) -> int:
        since = time.monotonic() - self.window
        record.values = {value: moment for value, moment in record.values.items() if moment > since}
        return len(record.values)


class Door:
    """Knows the token, hands out one-time links and cookies, and serves `/login`."""

    def __init__(self, token: str, secret: bytes, *, framed: bool = False) -> None:
        self._token = token.encode()
        self._key = hmac.new(secret, self._token, hashlib.sha256).digest()
        self._framed = framed
        self._codes: OrderedDict[bytes, float] = OrderedDict()
        # Cookies are shared by all ports of a host: two Academies must not overwrite one another's.
        self.cookie_name = f"academy_{hashlib.sha256(self._key).hexdigest()[:8]}"
        self.tries = Tries()

    @classmethod
    def of(cls, settings: Settings) -> Door | None:
        """The door of these settings, or None where no token is needed."""
        token = token_for(settings)
        if not token:
            return None
        # Not made from the token alone: with a weak one, cookies could otherwise be guessed past the limit on tries.
        return cls(token, _stored_secret(settings.data_dir / "cookie_key").encode(), framed=bool(settings.space_id))

    def new_path(self) -> str:
        """A link that lets its first visitor in."""
        code = secrets.token_urlsafe(24)
        self._codes[hashlib.sha256(code.encode()).digest()] = time.monotonic() + _CODE_SECONDS
        while len(self._codes) > _MAX_CODES:
            self._codes.popitem(last=False)
        return f"/login?code={code}"

    def verdict(self, scope: Scope) -> int:
        """200: let in; 401: no valid token; 429: too many tries."""
        if self._has_cookie(scope):
            return 200
        given = Headers(scope=scope).get("authorization", "")
        scheme, _, value = given.partition(" ")
        if not given:
            return 401
        return self._try(scope, value.strip().encode("latin-1") if scheme.lower() == "bearer" else b"")

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers GET and POST of /login and /logout."""
        home = scope.get("root_path", "") + "/"
        if scope["path"].rstrip("/").endswith("/logout"):
            answer = self._bye(scope, home)
        elif scope["method"] == "POST":
            answer = await self._posted(scope, receive, home)
        elif scope["method"] not in ("GET", "HEAD"):
            answer = Response(status_code=405, headers={"Allow": "GET, HEAD, POST"})
        elif scope["method"] == "GET" and (code := parse_qs(scope.get("query_string", b"").decode("latin-1")).get("code")):
            answer = self._with_code(scope, code[0], home)
        elif self._has_cookie(scope):
            answer = RedirectResponse(home, status_code=303)
        else:
            answer = _page("", home)
        answer.headers["Cache-Control"] = "no-store"
        await answer(scope, receive, send)

    async def _posted(self, scope: Scope, receive: Receive, home: str) -> Response:
        body = b""
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return Response(status_code=400)
            body += message.get("body", b"")
            if len(body) > 8192:
                return _page("That is too long for a token.", home, 413)
            if not message.get("more_body"):
                break
        given = parse_qs(body.decode("latin-1"), encoding="latin-1").get("token", [""])[0].strip()
        status = self._try(scope, given.encode("latin-1", "replace")) if given else 401
        if status == 200:
            return self._welcome(scope, RedirectResponse(home, status_code=303))
        if status == 429:
            return _page("Too many wrong tries. Wait a minute, then try again.", home, 429)
        return _page("That is not the token. It is in the file 'token' of the data folder, or in ACADEMY_TOKEN.", home, 401)

    def _with_code(self, scope: Scope, code: str, home: str) -> Response:
        if self.tries.shut_out(_address(scope)):
            return _page("Too many wrong tries. Wait a minute, then try again.", home, 429)
        until = self._codes.pop(hashlib.sha256(code.encode("utf-8", "replace")).digest(), 0.0)
        if until > time.monotonic():
            # Not a redirect: after a click in a mail a redirect would still count as cross-site and lack the strict cookie.
            refresh = f'<meta http-equiv="refresh" content="0;url={home}">'
            page = HTMLResponse(f'<!doctype html><meta charset="utf-8">{refresh}<title>Academy</title>')
            return self._welcome(scope, page)
        over = self.tries.failed(_address(scope), code.encode("utf-8", "replace"))
        return _page("That link has been used or has expired. Enter the token instead.", home, 429 if over else 401)

    def _try(self, scope: Scope, value: bytes) -> int:
        address = _address(scope)
        if self.tries.shut_out(address):
            return 429
        right = hmac.compare_digest(hashlib.sha256(value).digest(), hashlib.sha256(self._token).digest())
        if right:
            return 200
        return 429 if self.tries.failed(address, value) else 401

    def _has_cookie(self, scope: Scope) -> bool:
        cookies = cookie_parser("; ".join(Headers(scope=scope).getlist("cookie")))
        until, _, rest = cookies.get(self.cookie_name, "").partition(".")
        nonce, _, mark = rest.partition(".")
        if not until.isascii() or not until.isdigit() or len(until) > 12 or int(until) < time.time():
            return False
        return hmac.compare_digest(mark.encode(), self._mark(until, nonce).encode())

    def _welcome(self, scope: Scope, answer: Response) -> Response:
        until, nonce = str(int(time.time()) + _COOKIE_SECONDS), secrets.token_hex(8)
        value = f"{until}.{nonce}.{self._mark(until, nonce)}"
        answer.headers.append("Set-Cookie", self._cookie(scope, value, _COOKIE_SECONDS))
        return answer

    def _cookie(self, scope: Scope, value: str, seconds: int) -> str:
        parts = [f"{self.cookie_name}={value}", f"Path={scope.get('root_path', '') or '/'}", f"Max-Age={seconds}", "HttpOnly"]
        if self._framed:
            # Inside the frame of a Space our cookie is a third party's.
            parts += ["SameSite=None", "Secure", "Partitioned"]
        else:
            # The headers of a proxy affect only the browser that gets the cookie.
            outer = Headers(scope=scope).get("x-forwarded-proto", "").partition(",")[0].strip()
            parts += ["SameSite=Strict"] + (["Secure"] if "https" in (scope.get("scheme"), outer) else [])
        return "; ".join(parts)

    def _bye(self, scope: Scope, home: str) -> Response:
        answer = RedirectResponse(home + "login", status_code=303)
        answer.headers.append("Set-Cookie", self._cookie(scope, "", 0))
        return answer

    def _mark(self, until: str, nonce: str) -> str:
        return hmac.new(self._key, f"{until}.{nonce}".encode(), hashlib.sha256).hexdigest()


def _address(scope: Scope) -> str:
    """The client: its address, or for IPv6 its network, since one machine has a whole network."""
    host = (scope.get("client") or ("unknown", 0))[0]
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return host if address.version == 4 else address.exploded[:19]


def _page(problem: Text, home: str, status: int = 200) -> HTMLResponse:
    # All sentences are our own; no input of a request is shown.
    shown = f'<p class="problem" role="alert">{render(problem)}</p>' if problem else ""
    page = _LOGIN.replace("%PROBLEM%", shown).replace("%HOME%", home).replace("%LANGUAGE%", language.get())
    for mark, sentence in _WORDS.items():
        page = page.replace(mark, render(sentence))
    return HTMLResponse(page, status_code=status)


_WORDS: dict[str, Text] = {
    "%TITLE%": "Academy: log in",
    "%WHY%": "This Academy can be reached from other machines, so it asks for its token.",
    "%LOGIN%": "Log in",
    "%WHERE%": "The token is in the file <code>token</code> of the data folder, unless ACADEMY_TOKEN sets it.",
}


_LOGIN = """<!doctype html>
<html lang="%LANGUAGE%"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>%TITLE%</title>
<style>
 :root { color-scheme: light dark; --ink: #1c1917; --soft: #57534e; --page: #fafaf9; --card: #fff; --line: #d6d3d1;
  --teal: #0f766e; --bad: #b91c1c }
 @media (prefers-color-scheme: dark) {
  :root { --ink: #fafaf9; --soft: #a8a29e; --page: #1c1917; --card: #292524; --line: #57534e; --teal: #2dd4bf; --bad: #fca5a5 } }
 * { box-sizing: border-box }
 body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 16px; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif }
 main { width: min(400px, 100%); background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 28px }
 h1 { margin: 0 0 4px; font-size: 22px } p { margin: 0 0 18px; color: var(--soft) } .problem { color: var(--bad) }
 label { display: block; font-weight: 600; margin-bottom: 6px }
 input, button { width: 100%; font: inherit; padding: 10px 12px; border-radius: 8px; border: 1px solid var(--line) }
 input { background: var(--page); color: var(--ink) }
 button { margin-top: 14px; border: 0; background: var(--teal); color: var(--card); font-weight: 600; cursor: pointer }
 input:focus-visible, button:focus-visible { outline: 3px solid color-mix(in srgb, var(--teal) 45%, transparent); outline-offset: 1px }
</style></head>
<body><main>
 <h1>Academy</h1>
 <p>%WHY%</p>
 %PROBLEM%
 <form method="post" action="">
  <label for="token">Token</label>
  <input id="token" name="token" type="password" autocomplete="current-password" required autofocus spellcheck="false">
  <button type="submit">%LOGIN%</button>
 </form>
 <p style="margin:18px 0 0;font-size:14px">%WHERE%</p>
</main>
<script>
 // Whoever followed a link from another site has a cookie that only came along with this second request.
 fetch("%HOME%api/v1/academy/status").then(answer => { if (answer.ok) location.replace("%HOME%") }, () => {});
</script>
</body></html>
"""
