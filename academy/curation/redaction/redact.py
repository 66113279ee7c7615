"""Redaction: finds secrets in a text and puts `[redacted:kind]` in their place, quickly enough for every row of an import."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from academy.curation.examples import Example
from academy.curation.redaction.entropy import high_entropy
from academy.curation.redaction.forms import FORMS, LONG, PEM, PEM_BODY, PEM_DATA, PEM_END, PUTTY, RUN_OF_KEY, Span
from academy.curation.redaction.values import (
    CODE,
    HEX,
    is_drawn,
    is_password,
    is_placeholder,
    is_random,
    is_strong,
    mixture,
    wordiness,
)


@dataclass(frozen=True, slots=True)
class Hit:
    """One redaction: its kind, where its mark begins in the redacted text, and how many characters were taken out."""

    kind: str
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without its secrets, and the redactions (never the values)."""

    text: str
    hits: list[Hit]


def redact(text: str) -> Redacted:
    """The text with every secret replaced by `[redacted:kind]`; redacting the result again changes nothing."""
    hits: list[Hit] = []
    # A mark is a new boundary for the text after it, so the search repeats until it finds nothing.
    for _ in range(8):
        spans = _merge(_find(text))
        if not spans:
            break
        text, hits = _replace(text, spans, hits)
    return Redacted(text, hits)


def removed(text: str, found: Redacted) -> list[tuple[str, str]]:
    """The kinds and values that `redact` took out of a text; none where one redaction covered another, so that they cannot be told."""
    values, parts = [], []
    position = done = 0  # in the text, and in what is left of it
    for hit in found.hits:
        mark = f"[redacted:{hit.kind}]"
        position += hit.start - done
        values.append((hit.kind, text[position : position + hit.length]))
        parts += [found.text[done : hit.start], values[-1][1]]
        position += hit.length
        done = hit.start + len(mark)
    parts.append(found.text[done:])
    return values if "".join(parts) == text else []


_MARK = re.compile(r"\[redacted:([a-z0-9-]{1,40})\]")


def marks(text: str) -> Counter[str]:
    """The marks in a text by kind, whenever they were put there."""
    return Counter(_MARK.findall(text)) if "[redacted:" in text else Counter()


def surroundings(text: str, width: int = 70) -> Iterator[tuple[str, str, str]]:
    """For each mark its kind, and what stands before and behind it."""
    positions = [match.span() for match in _MARK.finditer(text)]
    for match in _MARK.finditer(text):
        first, last = max(0, match.start() - width), match.end() + width
        # Another mark is shown whole or not at all.
        first = next((end for start, end in positions if start < first < end), first)
        last = next((start for start, end in positions if start < last < end), last)
        yield match[1], text[first : match.start()], text[match.end() : last]


def without_marks(text: str) -> str:
    """The text without its marks."""
    return _MARK.sub("", text) if "[redacted:" in text else text


def redact_example(example: Example) -> tuple[Example, Counter[str]]:
    """The example without secrets in its turns and notes, and how many of each kind there were; the same object where there were none."""
    kinds: Counter[str] = Counter()

    def clean(text: str) -> str:
        found = redact(text)
        kinds.update(hit.kind for hit in found.hits)
        return found.text

    def clean_json(text: str) -> str:
        return json.dumps(clean_value(json.loads(text), clean), ensure_ascii=False) if text else ""

    turns = tuple(
        turn._replace(
            content=clean_json(turn.content) if turn.role == "tools" else clean(turn.content),
            thinking=clean(turn.thinking),
            calls=clean_json(turn.calls),
        )
        for turn in example.turns
    )
    meta = clean_value(example.meta, clean)
    return (replace(example, turns=turns, meta=meta) if kinds else example), kinds


def clean_value(value: Any, clean: Callable[[str], str]) -> Any:
    """A value as JSON has them with each text cleaned, that of an object together with its key."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {_key(key, clean): _member(key, item, clean) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_value(item, clean) for item in value]
    return value


def _key(key: Any, clean: Callable[[str], str]) -> Any:
    return clean(key) if isinstance(key, str) else key


def _member(key: Any, item: Any, clean: Callable[[str], str]) -> Any:
    # `{"password": "sunflower7"}`: the value alone is a word like any other.
    if isinstance(item, str) and isinstance(key, str) and any(hint in key.lower() for hint in _HINTS):
        before = f'"{key}": "'
        whole = f'{before}{item}"'
        if '"' not in item and redact(whole).text.startswith(f"{before}[redacted:"):
            return clean(whole).removeprefix(before).removesuffix('"')
    return clean_value(item, clean)


# --- putting marks in ---------------------------------------------------------------------------------------------------------


def _merge(spans: list[Span]) -> list[Span]:
    """Overlapping finds as one; the one found by the earlier (more specific) rule gives its kind."""
    merged: list[list[Any]] = []
    for order, (start, end, kind) in sorted(enumerate(spans), key=lambda item: item[1][:2]):
        if merged and start < merged[-1][1]:
            last = merged[-1]
            last[1] = max(last[1], end)
            if order < last[3]:
                last[2], last[3] = kind, order
        else:
            merged.append([start, end, kind, order])
    return [(start, end, kind) for start, end, kind, _ in merged]


def _replace(text: str, spans: list[Span], hits: list[Hit]) -> tuple[str, list[Hit]]:
    parts, found, moved = [], [], []
    done = shift = 0
    waiting = list(reversed(hits))
    for start, end, kind in spans:
        while waiting and waiting[-1].start < end:
            old = waiting.pop()
            if old.start < start:
                moved.append(replace(old, start=old.start + shift))
        mark = f"[redacted:{kind}]"
        parts += [text[done:start], mark]
        found.append(Hit(kind, start + shift, end - start))
        shift += len(mark) - (end - start)
        done = end
    moved += [replace(old, start=old.start + shift) for old in waiting]
    parts.append(text[done:])
    return "".join(parts), sorted(found + moved, key=lambda hit: hit.start)


# --- finding ------------------------------------------------------------------------------------------------------------------


# A password may hold anything but white space and quotes; "host:8080/…@…" is a port and a path, not a password.
_URL = re.compile(
    r"[A-Za-z][A-Za-z0-9+.\-]{0,30}://[^\s/:@\"'<>`\[\]]{0,200}:(?!\d{1,5}(?:/|[?#][\w.\-]*=|$))([^\s\"'<>`]{1,300})@(?=[\w\[(\-{$%])"
)
_NEXT_URL = re.compile(r"(?=[A-Za-z][A-Za-z0-9+.\-]{0,30}://)")
_URL_USER = re.compile(r"://([A-Za-z0-9_\-]{20,200})@(?=[\w\[])")

# These are looked for in the text in small letters: a quarter of the time that ignoring case takes.
_PASS_WORDS = (
    r"pass(?:word|wd|phrase|code|wort)?|pwd|(?<![a-z0-9_])(?:pw|psk)(?![a-z])|kennwort|has[lł]o|contrase(?:ñ|n)a|mot[ _]de[ _]passe"
    r"|motdepasse|senha|пароль|パスワード|密码"
)
_KEY_WORDS = r"secret|token|key|credential|_auth\b|authorization|session[ _\-]?id|\bsid\b|salt|seed"
_KEY_BEFORE = re.compile(
    r"(?:secret|api|access|auth|account|shared|service|encrypt(?:ion)?|sign(?:ing|ature)?|private|master|storage|session|licen[sc]e|app|application"
    r"|consumer|client|admin|deploy|bot|webhook|subscription|function|host|cloud|aws|azure|hmac|jwt|cookie|ssh|root|server|project|openai|stripe"
    r"|sendgrid|twilio|google|maps|datadog|algolia|crypt|aes|fernet|secure|x|otp|totp|mfa|2fa|[a-z0-9]+_api)[ _\-.]?$"
)
_ASSIGNMENT = re.compile(
    rf"(?:(?P<pass>{_PASS_WORDS})|(?P<key>{_KEY_WORDS}))(?P<tail>[a-z0-9_\-]{{0,24}})[\\\"'`*]{{0,4}}\]?"
    r"(?:[ \t]*(?P<op>=>|:=|===?|!==?|\?=|[:=]|<-)[ \t]*(?P<soft>\\?[\"'`*]{0,3})"
    r"|[ \t]+(?P<is>(?:is|was|are|now|set|to|ist|lautet|heißt|est|es|jest|brzmi)(?: (?:now|set|to|jetzt|teraz|nun)){0,2})[ \t]*:?[ \t]+"
    r"(?P<soft2>[\"'`*]{0,3})|[ \t]*[,>][ \t]*(?P<soft3>[\"'`])|[ \t]*\|[ \t]*[\"'`]?"
    r"|(?(pass)(?P<said>[ \t]+)(?P<soft4>[\"'`]?)|(?!)))(?P<value>[^\s\"'`]{4,4000})"
)
_PASS_PHRASE = re.compile(rf"(?:{_PASS_WORDS})[\"']?[ \t]*[:=][ \t]*([\"'])(?P<value>(?=[^\"'\n]*\d)[^\"'\n ]+(?: [^\"'\n ]+){{1,8}})\1")
_XML = re.compile(rf"<[\w:.\-]{{0,40}}(?:{_PASS_WORDS}|{_KEY_WORDS})>(?P<value>[^<>\s]{{4,400}})</")
_HINTS = ["pass", "pw", "psk", "token", "key", "secret", "credential", "auth", "session", "sid", "salt", "seed"]
_HINTS += ["wort", "hasł", "haslo", "contrase", "senha", "пароль", "パスワード", "密码"]

_COMMAND = re.compile(
    r"(?<![\w\-])(?:(?:-u|--user|--proxy-user)[ =]['\"]?[^\s:'\"]{1,80}:([^\s'\"]{3,200})"
    r"|--?(?:password|passwd|pass|token|api-?key|secret|auth-token|access-token|secret-key|client-secret)[ =]['\"]?([^\s'\"]{4,400})"
    r"|(?:machine\s+\S{1,100}\s+login\s+\S{1,100}\s+password|requirepass|masterauth|sqlcmd\s[^\n]{0,80}?-P)\s+['\"]?([^\s'\"]{3,200})"
    r"|jdbc:oracle:thin:\w{1,40}/([^@\s/]{3,100})(?=@)|sshpass\s+-p\s*['\"]?([^\s'\"]{3,200})|mysql(?:dump|admin)?\s[^\n]{0,80}?-p([^\s'\"]{4,100})"
    r"|login\s+\S{1,100}\s+password\s+(\S{3,200})"
    r"|(?i:log ?in|credentials?|creds|zugangsdaten)\b[^\n/]{0,40}[ :]\S{1,60} ?/ ?([^\s/\"'`<>,;)]{6,60}))"
)
_GIVEN = (1, 3, 4, 5)
"""The groups of _COMMAND where nothing but a password can stand."""
_HEADER = re.compile(
    r"(?P<scheme>bearer|basic|token|digest|apikey|api-key)[ \t]+[\"']?(?P<value>[A-Za-z0-9._~+/=\-]{8,4000})", re.IGNORECASE
)
_AUTH = re.compile(r"(?<![A-Za-z])auth\\?[\"']?\s{0,4}[:=]\s{0,4}\\?[\"']?([A-Za-z0-9+/]{8,400}={0,2})(?![A-Za-z0-9+/=])")
_COOKIE = re.compile(
    r"(?i:cookie)[\"']?\s*[:=]\s*[\"']?(?:[^\n]{0,300}?[;\s\"'])??[\w.\-]*(?i:sess|sid|auth|token|jwt)[\w.\-]*=([^\s;\"',]{16,2000})"
)

_AWS_SECRET = re.compile(r"(?:(?<![A-Za-z0-9/+_\-.])|(?<=\\[nrt]))[A-Za-z0-9/+]{40}(?![A-Za-z0-9+=_\-]|/[A-Za-z0-9])")
_SECRET_IS = re.compile(r"secret[\w \-]{0,20}[\\\"'`]{0,3}\s*(?:=>|[:=,])\s*[\\\"'`]{0,3}$")


def _find(text: str) -> list[Span]:
    """All finds, the more specific rules first."""
    spans: list[Span] = []
    if "PRIVATE KEY" in text or "Private-Lines" in text:
        spans += _private_keys(text)
    low = text.lower()
    if len(low) != len(text):
        # A few letters change their length with their case; positions must agree.
        low = "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
    is_long = LONG.search(text) is not None or ":AA" in text
    if is_long:
        spans += _known_forms(text)
        if "aws" in low or "secret" in low or "AKIA" in text or "ASIA" in text or "amazon" in low:
            spans += _aws_secrets(text, low)
    if "://" in text and "@" in text:
        spans += _url_passwords(text)
    if any(hint in low for hint in _HINTS):
        spans += _assignments(text, low)
        spans += _phrases(text, low)
    if " -" in text or "log" in low or any(hint in low for hint in ("cred", "zugangsdaten", "requirepass", "masterauth", ":thin:")):
        spans += _commands(text)
    if "auth" in low or "bearer" in low or "basic " in low:
        spans += _headers(text, low)
    if "cookie" in low:
        spans += _cookies(text)
    if is_long:
        spans += high_entropy(text, low, _merge(spans))
    return spans


def _private_keys(text: str) -> Iterator[Span]:
    position = 0
    while begin := PEM.search(text, position):
        end = PEM_END.search(text, begin.end())
        following = PEM.search(text, begin.end())
        if end and (not following or end.start() < following.start()) and end.start() - begin.end() < 200_000:
            stop = end.end()
        else:
            # Cut off before its end: what still looks like the inside of a key belongs to it.
            body = PEM_BODY.match(text, begin.end(), begin.end() + 200_000)
            stop = begin.end() + len(body.group().rstrip()) if body else begin.end()
        if PEM_DATA.search(text, begin.end(), stop):
            yield begin.start(), stop, "private-key"
        position = max(stop, begin.end())
    for match in PUTTY.finditer(text):
        yield match.start(1), match.end(), "private-key"


def _known_forms(text: str) -> Iterator[Span]:
    # Nearly all keys are one long run of characters, and looking for hints in those runs alone is much quicker.
    runs = "\n".join(RUN_OF_KEY.findall(text))
    for kind, hints, rule, is_run in FORMS:
        where = runs if is_run else text
        for hint in hints:
            if hint in where:
                for match in rule.finditer(text):
                    group = 1 if rule.groups else 0
                    yield match.start(group), match.end(group), kind
                break


def _aws_secrets(text: str, low: str) -> Iterator[Span]:
    for match in _AWS_SECRET.finditer(text):
        value = match.group()
        before = low[max(0, match.start() - 80) : match.start()]
        near = text[max(0, match.start() - 200) : match.end() + 200]
        is_announced = "secret" in before or "aws" in before or "AKIA" in near or "ASIA" in near
        drawn = any(map(str.isupper, value)) and mixture(value) > 0.12 and any(map(str.isdigit, value))
        if (is_announced and drawn) or (_SECRET_IS.search(before) and any(map(str.isupper, value)) and wordiness(value) < 0.75):
            yield match.start(), match.end(), "aws"


def _url_passwords(text: str) -> Iterator[Span]:
    position = 0
    while match := _URL.search(text, position):
        start = match.start(1)
        # With no space between them the next address would pass for a part of this password.
        value, *others = _NEXT_URL.split(match.group(1), maxsplit=1)
        position = start + len(value) if others else match.end()
        if others or "/" in value:
            # A "/" belongs to a password only if no "@" stands before it.
            head = value.partition("/")[0]
            value = head.rpartition("@")[0] if "@" in head else value.rpartition("@")[0] if others else value
        if value and not is_placeholder(value):
            yield start, start + len(value), "url-password"
    for match in _URL_USER.finditer(text):
        if mixture(match.group(1)) > 0.22 or HEX.fullmatch(match.group(1)):
            yield match.start(1), match.end(1), "url-password"


def _assignments(text: str, low: str) -> Iterator[Span]:
    position = 0
    while match := _ASSIGNMENT.search(low, position):
        span = _judge(text, low, match)
        if span:
            yield span
        # An endless value is not read again from each word in it.
        position = span[1] if span else max(match.end("tail"), match.start() + 1, match.end() - 300)
    if "</" in text:
        for match in _XML.finditer(low):
            start, end = match.span("value")
            if is_password(text[start:end], quoted=True):
                yield start, end, "password"


def _phrases(text: str, low: str) -> Iterator[Span]:
    for match in _PASS_PHRASE.finditer(low):
        if not match.group("value").rstrip().endswith((":", "?", ".")):
            yield *match.span("value"), "password"


def _commands(text: str) -> Iterator[Span]:
    for match in _COMMAND.finditer(text):
        group = match.lastindex or 0
        is_given = group in _GIVEN or text[match.start(group) - 1] == "="
        if group and is_password(match.group(group), quoted=is_given):
            yield *match.span(group), "password"


def _headers(text: str, low: str) -> Iterator[Span]:
    for match in _AUTH.finditer(text):
        if _is_user_and_password(match.group(1)):
            yield *match.span(1), "auth-header"
    for match in _HEADER.finditer(text):
        if _is_header(match, low):
            yield *match.span("value"), "auth-header"


def _cookies(text: str) -> Iterator[Span]:
    for match in _COOKIE.finditer(text):
        if is_random(match.group(1)):
            yield *match.span(1), "session"


_NO_PASSWORD_TAIL = re.compile(
    r"hash|digest|file|path|field|url|label|prompt|policy|length|min|max|type|name|error|msg|message|reset|count|valid"
)
_HASHED = ("$2", "$argon2", "$6$", "$5$", "$1$", "$y$", "{SSHA}", "pbkdf2", "scrypt")
_BARE_END = re.compile(r"[,;)}\]>|](?=\s|$|[,;)}\]\"'])|&(?=\w+=)|\\[nrt\"']|\*\*")


def _judge(text: str, low: str, match: re.Match[str]) -> Span | None:
    """The span of the value of `password = …`, or None where it is code, a word or a placeholder."""
    soft = next(filter(None, match.group("soft", "soft2", "soft3", "soft4")), "")
    quote = soft.strip("\\*")[-1:]
    start, end = match.span("value")
    value, tail = text[start:end], match.group("tail")
    if not quote:
        value = _BARE_END.split(value, maxsplit=1)[0].rstrip(".,;:*")
    elif (match.group("op") or match.group("said")) and text[end : end + 1] != quote:
        return None  # a sentence, or cut off in its middle
    value = value.removesuffix("\\")
    if len(value) < 4 or is_placeholder(value):
        return None
    span = start, start + len(value)
    before = low[max(0, match.start() - 1) : match.start()]
    if match.group("pass"):
        if tail and _NO_PASSWORD_TAIL.search(tail):
            return (*span, "password") if value.startswith(_HASHED) else None
        if match.group("pass") == "pass":
            # "passed to", "compass", "bypass": only `pass = …`, `PASS: …`, `db_pass=…` are about a password.
            if (
                _is_environment(text, match)
                and not before.isalpha()
                and not CODE.fullmatch(value[:200])
                and is_password(value, quoted=True)
            ):
                return *span, "password"
            is_named = match.group("op") in ("=", ":", "=>") and not tail[:1].isalpha() and not before.isalpha()
            return (*span, "password") if is_named and (quote or not CODE.fullmatch(value[:200])) and (quote or is_strong(value)) else None
        if match.group("said"):
            return (*span, "password") if is_drawn(value) or (quote and is_random(value, quoted=True)) else None
        is_given = bool(quote and match.group("op")) or _is_environment(text, match) or _is_connection(low, match)
        is_told = bool(match.group("is")) and is_drawn(value)
        return (*span, "password") if is_told or is_password(value, quoted=is_given) else None
    before = low[max(0, match.start() - 24) : match.start()]
    if match.group("key") in ("key", "seed", "salt") and not _KEY_BEFORE.search(before) and not (quote and len(value) >= 20):
        return None
    if tail.startswith(("ize", "word", "board", "_id", "s_in", "_type", "_hash", "_url", "_path", "_file")) and len(value) < 32:
        return None
    return (*span, "secret") if is_random(value, quoted=bool(quote)) else None


def _is_environment(text: str, match: re.Match[str]) -> bool:
    """Whether this is a line of an environment file, where the value needs no quotes: `DB_PASSWORD=sunflower`."""
    return match.group("op") == "=" and text[match.start("pass") : match.end("tail")].isupper() and text[match.end("op")] not in " \t"


_CONNECTED = re.compile(r"(?:\w=[^\s;&,()]*(?: ?; ?| |&)|\?)[\w.]{0,20}$")


def _is_connection(low: str, match: re.Match[str]) -> bool:
    """Whether this is one of several settings of a connection, which need no quotes: `host=db user=app password=sunflower`."""
    if match.group("op") != "=" or low[match.end("op")] in " \t" or any(sign in match.group("value") for sign in "([{"):
        return False
    return _CONNECTED.search(low[max(0, match.start() - 120) : match.start()]) is not None


def _is_header(match: re.Match[str], low: str) -> bool:
    value, scheme = match.group("value").rstrip("."), match.group("scheme").lower()
    before = low[max(0, match.start() - 40) : match.start()]
    if scheme == "basic":
        return _is_user_and_password(value)
    if scheme == "bearer":
        return is_random(value) or (len(value) >= 20 and any(char.isdigit() for char in value) and "authorization" in before)
    return "authorization" in before and is_random(value)


def _is_user_and_password(value: str) -> bool:
    """Whether this is `user:password` in base64."""
    try:
        plain = base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return b":" in plain and all(byte >= 32 and byte != 127 for byte in plain)
