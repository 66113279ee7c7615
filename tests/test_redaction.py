"""Redaction: planted secrets go, clean text stays. All secrets are drawn when the test runs; none stands in this file."""

import base64
import hashlib
import json
import random
import re
import string
import sysconfig
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from academy.curation.examples import Example, Turn
from academy.curation.redaction.redact import redact, redact_example

LETTERS = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + "234567"
URL_SAFE = LETTERS + "_-"
BASE64 = LETTERS + "+/"


class Maker:
    """Draws secrets of every kind: the text as it would be written, and the parts that may not survive."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def chars(self, count: int, alphabet: str = LETTERS) -> str:
        return "".join(self.random.choice(alphabet) for _ in range(count))

    def password(self) -> str:
        return self.chars(5) + self.chars(2, string.digits) + self.chars(2, "!#%^&*") + self.chars(self.random.randint(1, 6))

    def pem(self, newline: str = "\n") -> str:
        what = self.random.choice(["RSA PRIVATE", "PRIVATE", "EC PRIVATE", "OPENSSH PRIVATE", "ENCRYPTED PRIVATE"])
        lines = [self.chars(64, BASE64) for _ in range(12)]
        return newline.join([f"-----BEGIN {what} KEY-----", *lines, f"-----END {what} KEY-----"])

    def jwt(self) -> str:
        parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": self.chars(10), "iat": self.random.randint(1, 10**9)}]
        head = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
        return ".".join([*head, self.chars(43, URL_SAFE)])


def _whole(make: Callable[[Maker], str]) -> Callable[[Maker], tuple[str, list[str]]]:
    def pair(maker: Maker) -> tuple[str, list[str]]:
        value = make(maker)
        return value, [value]

    return pair


def _in(form: str, make: Callable[[Maker], str]) -> Callable[[Maker], tuple[str, list[str]]]:
    def pair(maker: Maker) -> tuple[str, list[str]]:
        value = make(maker)
        return form.replace("@@", value), [value]

    return pair


def _pem(change: Callable[[str], str]) -> Callable[[Maker], tuple[str, list[str]]]:
    def pair(maker: Maker) -> tuple[str, list[str]]:
        block = maker.pem()
        return change(block), re.findall(r"[A-Za-z0-9+/]{40,}", block)

    return pair


ALWAYS = {
    "aws id": _whole(lambda m: m.random.choice(["AK", "AS"]) + "IA" + m.chars(16, UPPER)),
    "aws secret": _in("aws_secret_access_key = @@", lambda m: m.chars(40, BASE64)),
    "aws secret in json": _in('{"SecretAccessKey": "@@"}', lambda m: m.chars(40, BASE64)),
    "github": _whole(lambda m: "gh" + m.random.choice("pousr") + "_" + m.chars(36)),
    "github fine-grained": _whole(lambda m: "github" + "_pat_" + m.chars(22) + "_" + m.chars(59)),
    "hugging face": _whole(lambda m: "hf" + "_" + m.chars(34, string.ascii_letters)),
    "openai": _whole(lambda m: "sk" + "-" + m.chars(48)),
    "openai project": _whole(lambda m: "sk" + "-proj-" + m.chars(m.random.choice([48, 156]), URL_SAFE)),
    "google key": _whole(lambda m: "AI" + "za" + m.chars(35, URL_SAFE)),
    "google token": _whole(lambda m: "ya" + "29." + m.chars(60, URL_SAFE) + "x"),
    "google secret": _whole(lambda m: "GOC" + "SPX-" + m.chars(28, URL_SAFE)),
    "slack": _whole(lambda m: f"xox{m.random.choice('bpars')}-{m.chars(12, string.digits)}-{m.chars(12, string.digits)}-{m.chars(24)}"),
    "slack hook": _in("https://hooks.slack.com/services/@@", lambda m: f"T{m.chars(8, UPPER)}/B{m.chars(8, UPPER)}/{m.chars(24)}"),
    "stripe": _whole(lambda m: m.random.choice("sr") + "k_" + m.random.choice(["live", "test"]) + "_" + m.chars(24)),
    "stripe hook": _whole(lambda m: "wh" + "sec_" + m.chars(32)),
    "pem": _pem(str),
    "pem escaped": _pem(lambda block: json.dumps({"private_key": block + "\n"})),
    "pem indented": _pem(lambda block: block.replace("\n", "\n    ")),
    "pem in a diff": _pem(lambda block: "+" + block.replace("\n", "\n+")),
    "pem cut off": _pem(lambda block: block.rpartition("\n")[0]),
    "jwt": _whole(Maker.jwt),
    "url password": _in("postgres://app:@@@db.example.com:5432/app", Maker.password),
    "url password like a setting": _in("amqp://guest:secret.@@@rabbit//", lambda m: m.chars(3)),
    "url password alone": _in("redis://:@@@cache:6379/0", Maker.password),
}
MOSTLY = {
    "anthropic": _whole(lambda m: "sk" + "-ant-api03-" + m.chars(93, URL_SAFE) + "AA"),
    "gitlab": _whole(lambda m: "gl" + "pat-" + m.chars(20, URL_SAFE)),
    "twilio": _whole(lambda m: "S" + "K" + m.chars(32, HEX)),
    "sendgrid": _whole(lambda m: "S" + "G." + m.chars(22, URL_SAFE) + "." + m.chars(43, URL_SAFE)),
    "npm": _whole(lambda m: "np" + "m_" + m.chars(36)),
    "pypi": _whole(lambda m: "py" + "pi-AgEIcHlwaS5vcmc" + m.chars(150, URL_SAFE)),
    "telegram": _whole(lambda m: m.chars(9, "123456789") + ":AA" + m.chars(33, URL_SAFE)),
    "discord": _whole(lambda m: "M" + m.chars(25) + "." + m.chars(6) + "." + m.chars(38, URL_SAFE)),
    "azure": _in("DefaultEndpointsProtocol=https;AccountName=a;AccountKey=@@;EndpointSuffix=x", lambda m: m.chars(86, BASE64) + "=="),
    "password in yaml": _in("host: db\npassword: @@\nport: 1", Maker.password),
    "password in code": _in('connect(user="a", password="@@")', Maker.password),
    "password in json": _in('{"user": "a", "password": "@@"}', Maker.password),
    "password in env": _in("DB_USER=a\nDB_PASSWORD=@@\n", Maker.password),
    "password told": _in("The password is @@", Maker.password),
    "password in xml": _in("<password>@@</password>", Maker.password),
    "password of curl": _in("curl -u admin:@@ https://example.com", Maker.password),
    "password beside others": _in("host=db user=app password=@@ dbname=app", Maker.password),
    "password of a connection": _in("Server=tcp:db.example.com;User Id=sa;Pwd=@@;Encrypt=true", Maker.password),
    "password of netrc": _in("machine git.example.com login joe password @@", Maker.password),
    "password of redis": _in("requirepass @@", Maker.password),
    "password in a sentence": _in("Log in as admin with password @@ until Friday.", lambda m: m.password() + "7x"),
    "password in quotes": _in('Use the password "@@" for now.', Maker.password),
    "password of docker": _in('{"auths": {"hub": {"auth": "@@"}}}', lambda m: base64.b64encode(f"bob:{m.password()}".encode()).decode()),
    "htpasswd": _in("bob:@@", lambda m: "$apr1$" + m.chars(8) + "$" + m.chars(22, LETTERS + "./")),
    "htpasswd bcrypt": _in("bob:@@", lambda m: "$2y$10$" + m.chars(53, LETTERS + "./")),
    "shadow": _in("root:@@:19000:0:99999:7:::", lambda m: "$6$" + m.chars(16) + "$" + m.chars(86, LETTERS + "./")),
    "api key": _in('api_key: "@@"', lambda m: m.chars(32)),
    "api key in env": _in("export DATADOG_API_KEY=@@", lambda m: m.chars(32, HEX)),
    "bearer": _in("Authorization: Bearer @@", lambda m: m.chars(40, URL_SAFE)),
    "basic": _in("Authorization: Basic @@", lambda m: base64.b64encode(f"user:{m.password()}".encode()).decode()),
    "hex": _whole(lambda m: m.chars(64, HEX)),
    "base64": _whole(lambda m: m.chars(40, BASE64)),
    "letters and digits": _whole(lambda m: m.chars(40)),
}
AROUND = [
    "@@",
    "Use this: @@",
    "I set it to @@ and it fails.",
    '"@@"',
    "`@@`",
    "(@@)",
    "@@, please rotate it.",
    "a\n@@\nb",
    "Schlüssel: @@ 👍",
    "@@.",
]


def _planted(kinds: dict[str, Callable[[Maker], tuple[str, list[str]]]], each: int) -> list[tuple[str, str, list[str]]]:
    maker = Maker(11)
    rows = []
    for kind, make in kinds.items():
        for _ in range(each):
            text, parts = make(maker)
            around = maker.random.choice(AROUND) if " " not in text and "\n" not in text else "@@"
            rows.append((kind, around.replace("@@", text), parts))
    return rows


def test_every_secret_of_the_great_services_is_found() -> None:
    for kind, text, parts in _planted(ALWAYS, 25):
        clean = redact(text).text
        assert not [part for part in parts if part in clean], f"{kind}: {text!r} → {clean!r}"


def test_nearly_all_other_secrets_are_found() -> None:
    rows = _planted(MOSTLY, 25)
    missed = [(kind, text) for kind, text, parts in rows if any(part in redact(text).text for part in parts)]
    assert len(missed) <= 0.03 * len(rows), missed


def test_what_stands_around_a_secret_does_not_hide_it() -> None:
    around = ["\\n@@", "_@@_", "<@@>", "@@,@@", "key:@@;", "?token=@@&b=1", "日本@@語", "+@@", "@@\\n@@", "|@@|", "\u200b@@"]
    maker = Maker(12)
    for kind, make in ALWAYS.items():
        for form in around:
            text, parts = make(maker)
            clean = redact(form.replace("@@", text)).text
            assert not [part for part in parts if part in clean], f"{kind} in {form}: {clean!r}"


def test_redacting_twice_changes_nothing_and_hits_point_at_the_marks() -> None:
    for _, text, parts in _planted(ALWAYS | MOSTLY, 6):
        once = redact(f"{text} and {text}")
        assert redact(once.text) == type(once)(once.text, [])
        for hit in once.hits:
            assert once.text.startswith(f"[redacted:{hit.kind}]", hit.start)
            assert hit.length >= 4
        assert not any(part in repr(once.hits) for part in parts)


def test_user_and_host_of_an_address_stay() -> None:
    secret = Maker(1).password()
    assert redact(f"see https://bob:{secret}@example.com/x").text == "see https://bob:[redacted:url-password]@example.com/x"


CLEAN = [
    "git show 0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
    "commit 3f786850e387550fdab836ed7e6dc881de23001b\nAuthor: A B <a@b.example>",
    "id: 123e4567-e89b-12d3-a456-426614174000",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "d41d8cd98f00b204e9800998ecf8427e  empty.txt",
    '"integrity": "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="',
    "![dot](data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==)",
    "class AbstractSingletonProxyFactoryBeanConfigurationProviderImpl2: pass",
    "/usr/lib/python3.11/site-packages/transformers/models/qwen2/modeling_qwen2.py",
    "password: str = Field(..., min_length=8)",
    "def login(user, password=None, token=''): ...",
    "token = tokenizer.next_token()",
    "The token is_valid check failed because the secret was missing.",
    "password = os.environ['DB_PASSWORD']",
    "api_key: ${OPENAI_API_KEY}",
    "url = f'https://{user}:{password}@{host}/'",
    "http://localhost:8080/path@scope",
    "Set the key to primary_key_column_name_for_users_2024",
    "What is the port of staging? It is 8447.",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJyE5dgZk4ZyC1E2mE7cB1mXo3P9qv0Lw6oF3wJ5sT7h alice@laptop",
    "Basic authentication and bearer tokens are explained in chapter 3.",
    "monkey=banana1234 turkey: 55aa",
    'METHOD can be "trust", "reject", "password", "scram-sha-256".',
    "{username:`Användarnamn`,password:`Lösenord`}",
    "Link: https://lore.example.org/CAFLxGvw0WMxaMqYqJ5WgvVSbKHq2D2xcXTOgMCpgq9nDC-MWTQ@mail.example.com",
    'url("./KaTeX_SansSerif-Regular-CS6fqUqJfq2xA81bD.woff2")',
    "The transaction 0x307b89dfbe78b2f2b9dfbe0705ad577e0c6388c811edc76b55d027becd0a11ee failed.",
    " raw6_local_deliver_finish_slowly+0xfc/0x228\n ip6_input_finish_slowly_again+0x48/0x80",
    "Enter the password twice, or choose password authentication with SHA-256.",
    "user=alice; password=${PASSWORD}; host=db",
    "connect(host=host, user=user, password=settings.database_password)",
]


@pytest.mark.parametrize("text", CLEAN)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert redact(text).text == text


def _clean_rows(count: int) -> list[str]:
    draw = random.Random(5)
    folders = [Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib"))]
    names = ["json", "asyncio", "email", "http", "logging", "pydantic", "gradio", "fastapi", "pytest"]
    kinds = {".py", ".js", ".css", ".json", ".md", ".svg", ".txt", ".html"}
    files = [path for folder in folders for name in names for path in sorted((folder / name).rglob("*")) if path.suffix in kinds]
    files += [path for folder in folders for path in sorted(folder.glob("*.dist-info/[MR]E*")) if path.is_file()]
    rows = []
    for number in range(count):
        blob = draw.randbytes(20)
        if number % 10 == 0:
            rows.append(f"Request {uuid.UUID(bytes=draw.randbytes(16))} took 12 ms; it was answered by commit {blob.hex()}.")
        elif number % 10 == 1:
            rows.append(
                f"The sha256 of {blob.hex()[:5]}.tar.gz is {hashlib.sha256(blob).hexdigest()}, its md5 {hashlib.md5(blob).hexdigest()}."
            )
        else:
            text = draw.choice(files).read_text(encoding="utf-8", errors="replace")
            start = text.rfind("\n", 0, draw.randrange(max(1, len(text) - 600))) + 1
            rows.append(text[start : start + 600])
    return rows


def test_clean_rows_stay_as_they_are() -> None:
    rows = _clean_rows(1000)
    changed = [row for row in rows if redact(row).hits]
    assert len(changed) <= 0.005 * len(rows), changed


@pytest.mark.torture
def test_at_most_one_in_a_hundred_of_5000_clean_rows_changes() -> None:
    rows = _clean_rows(5000)
    assert sum(bool(redact(row).hits) for row in rows) <= 50


def test_endless_and_repeated_text_does_not_hang() -> None:
    for piece in ["xoxb-", "password=", "eyJabcdefgh.", "-----BEGIN PRIVATE KEY-----", "://a:", "aB1", "cookie: a; ", "sk-"]:
        redact(piece * (20_000 // len(piece)))


def test_an_example_is_cleaned_in_every_turn_and_note() -> None:
    key = "hf" + "_" + Maker(2).chars(34)
    example = Example((Turn("user", f"Is {key} mine?"), Turn("assistant", "Yes.")), "lessons", "l1", meta={"rejected": [f"{key}!"]})
    clean, kinds = redact_example(example)
    assert kinds == {"huggingface": 2}
    assert key not in repr(clean)
    assert clean.origin == "l1"
    plain = Example((Turn("user", "Hello?"), Turn("assistant", "Hello.")), "lessons")
    assert redact_example(plain)[0] is plain


def test_what_detect_secrets_finds_we_find() -> None:
    scan = pytest.importorskip("detect_secrets.core.scan")
    settings = pytest.importorskip("detect_secrets.settings")
    names = [
        "AWSKeyDetector",
        "GitHubTokenDetector",
        "JwtTokenDetector",
        "OpenAIDetector",
        "SlackDetector",
        "StripeDetector",
        "SendGridDetector",
    ]
    names += [
        "BasicAuthDetector",
        "NpmDetector",
        "PypiTokenDetector",
        "TwilioKeyDetector",
        "AzureStorageKeyDetector",
        "GitLabTokenDetector",
    ]
    with settings.transient_settings({"plugins_used": [{"name": name} for name in names]}):
        for kind, text, _ in _planted(ALWAYS | MOSTLY, 2):
            left = [line for line in redact(text).text.splitlines() if list(scan.scan_line(line))]
            assert not left, f"{kind}: {left}"


def test_a_text_in_other_scripts_keeps_every_character() -> None:
    text = "İstanbul'da şifre yok. パスワードは必要です。 Straße ẞ 🙂 "
    assert redact(text).text == text
    secret = Maker(3).password()
    assert redact(f"İİİ password: '{secret}' İ").text == "İİİ password: '[redacted:password]' İ"
