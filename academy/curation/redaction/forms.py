"""The known forms of keys and tokens: for each kind the texts that hint at it, and its rule."""

from __future__ import annotations

import re

Span = tuple[int, int, str]
"""Where a secret begins and ends, and its kind."""
# Most rows hold no run of characters as long as a key: one quick look spares them all rules for keys with a known form.
LONG = re.compile(r"(?<![A-Za-z0-9_\-+/.%])[A-Za-z0-9_\-+/.%]{20,}")
RUN_OF_KEY = re.compile(r"[A-Za-z0-9_\-+/.%]{14,}")
_RUN_PART = re.compile(r"[A-Za-z0-9_\-+/.%]+")
_B = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"
"""Before a key: no letter or digit, unless it is that of an escaped line break."""
# Each: kind, what must stand in the text for the rule to be tried at all, the rule. Group 1, where there is one, is the secret.
FORMS: list[tuple[str, tuple[str, ...], re.Pattern[str], bool]] = [
    (kind, tuple(hints), re.compile(rule, re.ASCII), kind != "azure" and all(map(_RUN_PART.fullmatch, hints)))
    for kind, hints, rule in [
        ("aws", ["AKIA", "ASIA", "ABIA", "ACCA"], _B + r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
        ("github", ["github_pat_"], r"github_pat_[A-Za-z0-9_]{20,}"),
        ("github", ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], r"gh[pousr]_[A-Za-z0-9_]{30,}(?:\.[\w\-]{10,}){0,2}"),
        ("gitlab", ["gl"], _B + r"gl(?:pat|dt|ptt|rt|soat|ft|imt|agent|cbt|oas|ffct)-[\w\-]{18,}(?:\.[\w\-]{2,}){0,3}"),
        ("gitlab", ["GR1348941"], r"GR1348941[\w\-]{18,}"),
        ("huggingface", ["hf_", "api_org_"], _B + r"(?:hf|api_org)_[A-Za-z0-9]{30,}"),
        ("anthropic", ["sk-ant-"], _B + r"sk-ant-[\w\-]{16,}"),
        ("openai", ["sk-"], _B + r"sk-(?:proj|svcacct|admin|None|or-v1|lf)-[\w\-]{20,}"),
        ("openai", ["sk-"], _B + r"sk-(?=[\w\-]{0,60}[0-9])(?=[\w\-]{0,60}[A-Za-z])(?:[A-Za-z0-9]{20,}|[\w\-]{40,})"),
        ("openai", ["sess-"], _B + r"sess-[A-Za-z0-9]{40}(?![A-Za-z0-9])"),
        ("google", ["AIza"], r"AIza[\w\-]{30,}"),
        ("google", ["ya29."], _B + r"ya29\.[\w\-][\w.\-]{15,}[\w\-]"),
        ("google", ["GOCSPX-"], r"GOCSPX-[\w\-]{18,}"),
        ("google", ["1//"], r"(?<![\w/])1//0[\w\-]{30,}"),
        ("google", ["4/0"], r"(?<![\w/])4/0A[\w\-]{30,}"),
        ("slack", ["xox"], _B + r"xox[a-z](?:\.xox[a-z])?-(?=[\w\-]{0,80}\d)[A-Za-z0-9][\w\-]{8,}"),
        ("slack", ["xapp-", "xwfp-"], _B + r"(?:xapp|xwfp)-(?=[\w\-]{0,80}\d)[\w\-]{16,}"),
        ("slack", ["hooks.slack"], r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/([A-Za-z0-9_/\-]{16,})"),
        ("stripe", ["_live_", "_test_"], _B + r"[srp]k_(?:live|test)_[A-Za-z0-9_]{10,}"),
        ("stripe", ["whsec_"], _B + r"whsec_[A-Za-z0-9+/_\-]{16,}={0,2}"),
        ("twilio", ["SK", "AC"], _B + r"(?:SK|AC)[0-9a-f]{32}(?![A-Za-z0-9])"),
        ("sendgrid", ["SG."], _B + r"SG\.[\w\-]{16,32}\.[\w\-]{16,64}"),
        ("mailchimp", ["-us"], r"(?<![0-9a-f])[0-9a-f]{32}-us[0-9]{1,2}(?![0-9])"),
        ("mailgun", ["key-"], _B + r"key-[0-9a-f]{32}(?![0-9a-f])"),
        ("npm", ["npm_"], _B + r"npm_[A-Za-z0-9]{30,}"),
        ("pypi", ["pypi-A"], _B + r"pypi-A[\w\-]{30,}"),
        ("telegram", [":"], r"(?<![\w])[0-9]{8,10}:(?=[\w\-]{0,34}[A-Z])(?=[\w\-]{0,34}[a-z])[\w\-]{35}(?![\w\-])"),
        ("discord", ["."], r"(?<![\w.\-])(?=[\w\-]{0,27}[0-9])[MNO][\w\-]{22,27}\.[\w\-]{6}\.[\w\-]{27,40}(?![\w\-])"),
        ("discord", ["/api/webhooks/"], r"discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/([\w\-]{40,})"),
        ("webhook", ["webhook.office.com", "outlook.office"], r"\.office(?:365)?\.com/webhook(?:b2)?/([\w@\-/]{40,})"),
        ("azure", ["AccountKey", "accountkey", "SharedAccessKey"], r"(?i:(?:Account|SharedAccess)Key)\s*=\s*([A-Za-z0-9+/]{30,}={0,2})"),
        ("azure", ["sig="], r"[?&;]sig=([A-Za-z0-9%+/_\-]{30,}=?)"),
        ("azure", ["8Q~", "7Q~", "Q~"], r"(?<![\w~.\-])[\w~.\-]{3}[0-9]Q~[\w~.\-]{31,34}(?![\w~\-])"),
        ("jwt", ["eyJ"], _B + r"eyJ[\w\-]{8,}={0,2}\.[\w\-]{3,}={0,2}(?:\.[\w\-]*){0,3}(?<!\.)"),
        ("digitalocean", ["_v1_"], _B + r"do[opr]_v1_[a-f0-9]{32,}"),
        ("shopify", ["shp"], _B + r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32,}"),
        ("databricks", ["dapi"], _B + r"dapi[a-f0-9]{32}(?:-\d)?"),
        ("square", ["sq0"], _B + r"sq0[a-z]{3}-[\w\-]{22,}"),
        ("facebook", ["EAA"], _B + r"EAA(?=[A-Za-z0-9]{0,60}[a-z])(?=[A-Za-z0-9]{0,60}[0-9])[A-Za-z0-9]{60,}"),
        ("twitter", ["AAAAAAAAAAAAAAAAAAAAA"], r"(?<![A-Za-z0-9+/])A{21,22}[A-Za-z0-9%]{40,}(?![A-Za-z0-9+/])"),
        ("atlassian", ["ATATT", "ATCTT", "ATBB"], _B + r"(?:ATATT3|ATCTT3|ATBB)[\w=\-]{24,}"),
        ("vault", ["hvs.", "hvb.", "hvr."], _B + r"hv[sbr]\.[\w\-]{20,}"),
        ("age", ["AGE-SECRET-KEY-"], r"AGE-SECRET-KEY-1[A-Z0-9]{40,}"),
        ("firebase", [":APA91b"], r"[\w\-]{11,}:APA91b[\w\-]{60,}"),
        ("mapbox", ["sk.eyJ"], r"sk\.eyJ[\w\-]{20,}\.[\w\-]{10,}"),
        (
            "password-hash",
            ["$apr1$", "$1$", "$5$", "$6$", "$y$", "$2", "$argon2", "pbkdf2", "scrypt", "{SHA}", "{SSHA"],
            r"\$(?:apr1|1|5|6|y|7|argon2(?:id|i|d))\$[\w$=,./+]{20,}|\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}|\{SS?HA\d{0,3}\}[A-Za-z0-9+/]{27,}={0,2}"
            r"|(?:pbkdf2(?:_sha\d+|:sha\d+:\d+)|scrypt(?::\d+){3})\$[\w.$+/=]{20,}",
        ),
        ("alibaba", ["LTAI"], _B + r"LTAI[A-Za-z0-9]{12,24}(?![A-Za-z0-9])"),
        (
            "service-token",
            ["lin_api_", "secret_", "ntn_", "dckr_", "gsk_", "r8_", "xai-", "pplx-", "glsa_", "glc_", "sntry", "sb_secret_", "sbp_"],
            _B
            + r"(?:lin_api|secret|ntn|dckr_pat|dckr_oat|gsk|r8|glsa|glc|sntrys|sntryu|sb_secret|sbp)_"
            + r"(?=[\w\-]{0,60}[0-9])(?=[\w\-]{0,60}[A-Za-z])[A-Za-z0-9][A-Za-z0-9\-=+/]{24,}(?:_[\w\-=+/]+)?",
        ),
        ("service-token", ["xai-", "pplx-"], _B + r"(?:xai|pplx)-[A-Za-z0-9]{32,}"),
        (
            "service-token",
            ["PMAK-", "NRAK-", "dop_", "dp.", "rubygems_", "figd_", "fo1_", "fm2_", "atlasv1", "pul-", "PMAT-", "shippo_", "duffel_"],
            r"(?<![\w.])(?:PMAK-|NRAK-|PMAT-|dp\.(?:pt|st|ct)\.(?:[\w\-]+\.)?|rubygems_|figd_|fo1_|fm2_|pul-|shippo_(?:live|test)_|duffel_(?:live|test)_"
            r"|[A-Za-z0-9]{14}\.atlasv1\.)[\w\-=+/]{24,}",
        ),
    ]
]
PEM = re.compile(r"-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----")
PEM_END = re.compile(r"-----END (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----|---- END SSH2 ENCRYPTED PRIVATE KEY ----")
PEM_BODY = re.compile(r"(?:[A-Za-z0-9+/=]{2,}|\\[nr]|[\s\"'+,\-#>*|]|[A-Z][A-Za-z\-]+: [^\n]*)+")
PEM_DATA = re.compile(r"[A-Za-z0-9+/]{16,}")
PUTTY = re.compile(r"Private-Lines: \d+\s+((?:[A-Za-z0-9+/=]{16,}\s*)+)(?:Private-MAC: *[0-9a-f]+)?")


PUBLIC = re.compile(
    r"-----BEGIN (?P<what>[A-Z0-9 ]*(?:CERTIFICATE|PUBLIC KEY|SIGNATURE|MESSAGE|CRL|PARAMETERS|REQUEST)[A-Z0-9 ]*)-----.{0,100000}?"
    r"-----END (?P=what)-----|(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp\d+|sk-(?:ssh|ecdsa)[\w\-@.]+) AAAA[A-Za-z0-9+/=]+"
    r"|data:[\w/+.\-]{1,80}(?:;[\w=\-]{1,40}){0,4};base64,[A-Za-z0-9+/=\s]+?(?![A-Za-z0-9+/=\s])",
    re.DOTALL,
)
