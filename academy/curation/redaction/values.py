"""What a value looks like: a password, a key drawn at random, a placeholder, or code and words."""

from __future__ import annotations

import math
import re
from collections import Counter

HEX = re.compile(r"(?:0x)?[0-9a-fA-F]{32,}")
UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_PLACEHOLDER = re.compile(
    r"\[redacted:.*|\$\{.*|\$\(.*|(?-i:\$[A-Z_]{3,}\d*\W*)|\{\{.*|\{[\w.:\[\]'\"()]*\}.*|<[^<>]*>?|%\(?\w*\)?[sdr]|%|[xX*•.\-_#?]{3,}|(?:your|my|the|some"
    r"|example|dummy|fake|test|insert|replace|put|enter)[_\-\s.].*|(?-i:your[A-Z]\w*)|\.{2,}.*|\*+|…|process\.env.*|os\.environ.*|os\.getenv.*"
    r"|(?-i:(?:env|vars|secrets)\.[A-Z_]{3,}[A-Z0-9_]*\W*)|(?-i:vars?\.[a-z_]+)|@[a-z]+|(?-i:%[A-Z_]+%)",
    re.IGNORECASE | re.DOTALL,
)
_ORDINARY = set(
    """
    password passwd passphrase passcode secret token string strings str none null nil true false undefined required optional
    hidden text bytes int bool self value values default any object input field label type name user username login email
    test tests example empty unknown invalid missing expired wrong valid correct incorrect changed reset forgotten needed
    stored encrypted hashed bearer basic digest dict list tuple function return yes not key keys apikey api_key auth access
    private public
    parola lösenord wachtwoord passwort kennwort hasło heslo senha contraseña salasana jelszó lozinka adgangskode passord clave
    סיסמה пароль 密码 密碼 パスワード 비밀번호 รหัสผ่าน şifre parool parol geslo parolă slaptažodis contrasenya pasahitza
    missing_token optional[str] unset error errors form prompt masked encoded plain plaintext sensitive redacted
    """.split()  # noqa: SIM905
)


def is_placeholder(value: str) -> bool:
    """Whether the value stands for a secret that is filled in elsewhere."""
    return _PLACEHOLDER.fullmatch(value) is not None or (value.startswith("$") and value[1:].isidentifier() and wordiness(value) > 0.5)


CODE = re.compile(
    r"[\w.]*[A-Za-z_]\w*[\[(].*|[a-z_]\w*(?:\.\w+)+|[A-Za-z_]\w*\?\.\w.*|[fbru]{1,2}|lambda|&[a-z_]+|[\w.]+::\w.*|[{\[(<].*", re.DOTALL
)


def is_password(value: str, *, quoted: bool) -> bool:
    """Whether what stands behind "password" is one, not a word, a type, a variable or a call."""
    if value.lower() in _ORDINARY or is_placeholder(value):
        return False
    if quoted:
        return len(value) >= 5 and not _NAME.fullmatch(value)
    return not CODE.fullmatch(value[:200]) and is_strong(value)


def is_drawn(value: str) -> bool:
    """Whether a bare value in a sentence can hardly be a word: it has digits among letters of both cases, or among signs."""
    if len(value) < 6 or any(sign in value for sign in "/()[]{}<>:=") or not any(map(str.isdigit, value)) or _CODE_NAME.search(value):
        return False
    return any(sign in value for sign in "!@#$%^&*+?~") or (mixture(value) > 0.25 and (any(map(str.isupper, value)) or len(value) >= 8))


_NAME = re.compile(r"(?i:[a-z]*pass(?:word|wd|phrase)?s?[a-z]*)|[a-z]+(?:[_.\-][a-z]+)+|[\w.]+/[\w./]+|:.*")
_STEADY = re.compile(r"[A-Za-z_]\w*\d?|[\d.,:/\-]+|[\w\-]+(?:\.[\w\-]+)*/.*|\w+(?:[.\-]\w+)*:?")
_CODE_NAME = re.compile(
    r"(?:^|[\-_])(?:sha|md|utf|iso|base|python|bcrypt|scrypt|argon|pbkdf|latin|aes|rsa|step|line|page|part|field|value|param|arg)[\-]?\d+$",
    re.IGNORECASE,
)


def is_strong(value: str) -> bool:
    """Whether a bare value is made like a password: letters with digits or signs."""
    if not 5 <= len(value) <= 300 or not any(char.isalpha() for char in value):
        return False
    if len(value) >= 7 and "/" not in value and wordiness(value) < 0.4 and any(map(str.isupper, value)) and any(map(str.islower, value)):
        return True
    if _STEADY.fullmatch(value):
        # A word with a number: `hunter22` may be a password, `value_2`, `a.b2`, `v1/x` and `sha256` are names.
        return len(value) >= 6 and not set(value) & set("/(_.:") and any(map(str.isdigit, value)) and not _CODE_NAME.search(value)
    return any(char in "0123456789!@#$%^&*+=?~" for char in value)


def is_random(value: str, *, quoted: bool = False) -> bool:
    """Whether a key was drawn at random: letters, digits and case change too often for words."""
    if len(value) < 8 or (not quoted and CODE.fullmatch(value[:200])) or not any(char.isalpha() for char in value):
        return False
    if UUID.fullmatch(value):
        return True
    if len(set(value)) <= 5:
        return False
    if len(value) >= 32 and HEX.fullmatch(value):
        return any(map(str.isdigit, value))
    changes = mixture(value)
    if not any(char.isdigit() for char in value) and changes < 0.35:
        return len(value) >= 16 and changes > 0.1 and wordiness(value) < 0.35
    return changes > (0.22 if len(value) >= 16 else 0.27)


_WORD = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{4,}")
VOWEL = re.compile(r"[aeiouyAEIOUY]")


def wordiness(value: str) -> float:
    """Which part of the letters stands in runs that could be words."""
    letters = sum(char.isalnum() for char in value)
    return sum(len(run) for run in _WORD.findall(value) if len(run) >= 4 and VOWEL.search(run[1:])) / letters if letters else 1.0


def mixture(value: str) -> float:
    """How often the kind of character changes, a capital before a small letter not counted: words below 0.2, random keys above 0.3."""
    changes = letters = 0
    last = ""
    for char in value:
        if "a" <= char <= "z":
            kind = "a"
        elif "A" <= char <= "Z":
            kind = "A"
        elif "0" <= char <= "9":
            kind = "0"
        elif char in "_-./: ":
            last = ""
            continue
        else:
            kind = "!"
        letters += 1
        if last and kind != last and not (last == "A" and kind == "a"):
            changes += 1
        last = kind
    return changes / letters if letters else 0.0


def entropy(value: str) -> float:
    """The entropy of the characters, in bits each."""
    size = len(value)
    return -sum(count / size * math.log2(count / size) for count in Counter(value).values())
