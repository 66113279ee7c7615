"""The messages of commits: what a reader of the change cannot know goes, and which of them say something."""

from __future__ import annotations

import re

from academy.curation.commits.git import Commit

MAX_MESSAGE_CHARS = 3_000

_BOT = re.compile(
    r"\[bot\]|(?:^|[\s\-_.<@+])bots?(?:$|[\s\-_.>@])|dependabot|renovate|greenkeeper|github[\- ]actions?|pre-commit-ci|snyk|weblate|imgbot"
    r"|mergify|semantic-release|web-flow|^jenkins$|(?:jenkins|travis|circle|gitlab|azure|drone)[\- ]?ci\b|buildkite|allcontributors|crowdin"
    r"|transifex|autofix|copybara",
    re.IGNORECASE,
)
_REVERT = re.compile(
    r"^\W*(?:revert(?:s|ed)?\b|reapply\b|(?:back ?out|roll ?back)(?: of)?:? "
    r"(?:commit|changeset|bug|version|release|[\"'“]|[0-9a-f]{7,}\b|#\d))",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(
    r"^\W*(?:(?:work )?in progress\b|wip(?=[\s:\]!)]|$)|(?:fixup|squash|amend)!|fixup\b|squash(?:ed)?\b|te?mp(?=[\s:\]]|$)"
    r"|draft(?=[:\]!)]|$)|dnm\b|do not (?:merge|commit)|(?:checkpoint|save|snapshot)(?: \w+)?\W*$)",
    re.IGNORECASE,
)
_MERGE = re.compile(
    r"^merged? (?:branch|pull request|remote|tag|commit|changes?|from|in |into|master|main|\w+ into)|^automatic merge", re.IGNORECASE
)
_MEANINGLESS = re.compile(
    r"""
    (?: \W | \d )*
    | (?:minor|small|some|more|misc|miscellaneous|various|quick|several|tiny|final|another|latest|my|new|few)? \s*
      (?: updates? | updated | updating | fix | fixes | fixed | fixing | bug\ ?fix(?:es)? | hotfix | changes? | changed | tweaks?
        | edits? | misc
        | fix(?:ed)?\ (?:it|bugs?|this|stuff|things?|issues?|tests?|typos?|build|ci|lint|errors?) | cleanup | clean\ ?up | stuff | things
        | improvements? | refactor(?:ing|ed)? | tests? | testing | test\ commit | initial(?:\ commit)? | first\ commit | init
          | commits? | backup
        | sync | typos? | lint(?:ing)? | format(?:ting|ted)? | done | work | working | progress | code | asdf\w* | todo | chore
          | docs? | readme | (?:pull|merge)\ request:?
        | release | bump(?:\ version)? | version(?:\ bump)? | bump(?:ed)?\ version\ .* | v?\d+(?:\.\d+)+\S*
        | (?:release|version|bump|bump\ to|prepare\ for|prepare|tag)[:\ ]+v?\d[\w.\-+]* | update\ changelog
          | prepare\ (?:for\ )?(?:the\ )?(?:next\ )?(?:development\ iteration|release)[\w.\ \-]* | update\ (?:the\ )?readme
        | (?:regenerate|rebuild)(?:\ [\w./\-]+){0,2} | updated?\ (?:the\ )?(?:code|files?|tests?|version)
      ) (?: \ (?:stuff|things|code|files?|again|more) )? [\s.!]*
    | (?:update|create|delete|rename|add)\ [\w./\-]+\.\w{1,10}
    | add\ files\ via\ upload | (?:initial|first)\ (?:prototype|version|work|code|import|draft)
    | [a-z\d_]{1,12}
    """,
    re.IGNORECASE | re.VERBOSE,
)
_VAGUE = re.compile(r"\b(?:stuff|bits and pieces|odds and ends|finishing touches|various things|some things|these things)\b", re.IGNORECASE)
_KIND = re.compile(r"^(?:\[[\w\-/. ]{1,40}\]|[a-z]{2,12}(?:\([\w\-/.*, ]{1,40}\))?!?:)\s*", re.IGNORECASE)
"""What conventional commits and build tools put before the subject: `fix(parser):`, `[release]`."""
# Names with a number behind a dash that are no tickets.
_NAMES = (
    "UTF|SHA|AES|ISO|RFC|MD|CP|GPT|HTTP|BASE|LLM|MP|MPEG|USB|PEP|PY|QWEN|LLAMA|PHI|TLS|SSL|FP|INT|BF|ES|CSS|HTML|ARM|WCAG|ECMA|IEEE|ANSI|RS|HS|RSA"
    "|BLAKE|OS|GLM|DBRX|UUID|IPV|ASCII|LATIN|WINDOWS|H|X|Q|O|A|B|C|V|P|CUDA|SM|GPU|CPU|AVX|SSE|EC|ED|COVID|TOP|STEP|PHASE|PART|K|CRC|JSON|XML|SQL|DOM"
)
_ISSUE = (
    rf"(?:[\w./\-]*#\d+|(?:gh|bpo)-\d+|CID \d+|CVE-\d+-\d+|(?-i:(?!(?:{_NAMES})-)[A-Z][A-Z\d]{{1,9}}-\d+(?!\w|\.\d))|https?://\S+"
    rf"|(?:commit )?(?=[a-f]*\d)[0-9a-f]{{7,64}}\b)"
)
"""Facts that a change does not show: the number of an issue, another commit, an address."""
_TRAILER = re.compile(
    r"(?:[A-Z][A-Za-z]*(?:-[A-Za-z]+)+: .*|cc: .*|bug: .*|pr-url:.*|tbr=.*|review[ \-]?url:.*|differential revision:.*|link: https?:.*"
    r"|(?:origin|forwarded|author|patch by|(?:pull|merge) request|bug-[a-z]+): .*|\(?cherry[ \-]picked from .*"
    r"|\[[\w.\- ]{2,20}: [^\]]*\]|fixes: [0-9a-f]{7,64}\b.*|(?:fixup|squash)! .*"
    r"|(?:fix(?:e[sd])?|clos(?:e[sd]?)|resolv(?:e[sd]?)|refs?|see|issue|related(?: to)?|part of|addresses|follow[ \-]?up (?:for|to)"
    r"|(?:this is a )?backport(?:ed)? (?:of|from))[: ]+"
    rf"{_ISSUE}(?:,? +(?:and +)?{_ISSUE}){{0,20}}(?: (?:from|to|in) [\w./\-]{{1,40}})?\.?)$",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"(?:\[(?:PATCH[^\]]{0,30}|\d+/\d+|v?\d+(?:\.\w+)+)\] *"
    rf"|(?:(?:fix(?:e[sd])?|refs?|clos(?:e[sd]?)) )?{_ISSUE}(?:,? (?:and )?{_ISSUE}){{0,5}} ?(?::|--|- ) *)+",
    re.IGNORECASE,
)
"""What stands before the subject of a patch or a change that belongs to an issue: `[4.2.x] Fixed #123 -- `, `gh-456: `."""
_ADDRESS = re.compile(r"https?://\S+")
_NUMBER = re.compile(r"\s*\((?:(?:#|GH-|!|bug |issue )\d+|https?://\S+)\)\s*$", re.IGNORECASE)
_ASIDE = re.compile(
    r"(?:https?://\S+\s*)+$|conflicts:(?:\s*\n[#\t ]+\S+)+\s*$"
    r"|(?:many )?thanks,? (?!to (?:the|this|that|a)\b)[^\n]{0,100}(?:\bfor\b|report|review|patch|spott|discover|suggest)",
    re.IGNORECASE,
)
"""A paragraph of addresses only, of a merge's conflicts, or of thanks."""


def judge_message(commit: Commit, message: str) -> str:
    """Why a commit teaches nothing by its author and its message; empty where it does."""
    subject = message.partition("\n")[0]
    if len(commit.parents) > 1 or _MERGE.match(subject):
        return "merge"
    if _BOT.search(commit.author) or _BOT.search(commit.email.partition("@")[0]) or "[bot]" in commit.email:
        return "bot"
    if len(subject) > 300:
        return "long_message"
    if _REVERT.match(subject) or "\nThis reverts commit " in commit.message:
        return "revert"
    if _UNFINISHED.match(subject) or "[wip]" in subject.lower():
        return "unfinished"
    said = _ADDRESS.sub("", _KIND.sub("", subject.strip())).strip()
    if (_MEANINGLESS.fullmatch(said) or _VAGUE.search(said)) and len(message) < len(subject) + 40:
        return "meaningless_message"
    # Scripts without spaces between words say much in few characters.
    size = len(subject) + 2 * sum(char > "\u2e80" for char in subject)
    if size < 10 or (len(subject.split()) < 2 and size == len(subject)):
        return "short_message"
    return "long_message" if len(message) > MAX_MESSAGE_CHARS else ""


def clean_message(message: str) -> str:
    """The message without trailers, thanks, and the numbers of issues and pull requests, which no reader of the change can know."""
    lines = [line.rstrip() for line in message.replace("\r\n", "\n").split("\n")]
    kept = [line for position, line in enumerate(lines) if position == 0 or len(line) > 500 or not _TRAILER.match(line.strip())]
    subject = _NUMBER.sub("", kept[0]).strip() if kept else ""
    subject = subject[lead.end() :] or subject if (lead := _LEAD.match(subject)) else subject
    parts = "\n".join(kept[1:]).strip("\n").split("\n\n")
    body = re.sub(r"\n{3,}", "\n\n", "\n\n".join(part for part in parts if len(part) > 300 or not _ASIDE.match(part))).strip("\n")
    return f"{subject}\n\n{body}" if body else subject


_REFERENCE = re.compile(rf"(?<![\w/&]){_ISSUE}", re.IGNORECASE)
_BEFORE = (
    r"(?:refs?|references?|see(?: also)?|fix(?:e[sd])?|clos(?:e[sd]?)|resolv(?:e[sd]?)|part of|related to|relates to|issues?|PRs?"
    r"|pull requests?|bugs?|tickets?|per|via|cf|from|follow[ \-]?up (?:to|for|from|of)|as (?:in|per)|thanks to)[:\s]+"
)
_AND = r"(?:\s*,\s*|\s+|\s*&\s*|\s+and\s+)"
_LISTED = rf"(?:{_BEFORE})*{_ISSUE}(?:{_AND}(?:{_BEFORE})*{_ISSUE}){{0,60}}"
_BRACKETED = re.compile(rf"\s*[(\[]\s*{_LISTED}\s*[)\]]", re.IGNORECASE)
_TAIL = re.compile(
    rf"(?:\s*[,;:.]\s*|\s+[-–—]+\s*|\s+)(?:{_BEFORE})+{_ISSUE}(?:{_AND}(?:{_BEFORE})*{_ISSUE}){{0,60}}\s*\.?\s*$"
    rf"|(?:\s*[,;:.]|\s+[-–—]+)\s*{_LISTED}\s*\.?\s*$|\s+(?:#\d+[\s,]*)+$",
    re.IGNORECASE,
)
_ONLY = re.compile(rf"\W*{_LISTED}\W*", re.IGNORECASE)
_HEAD = re.compile(rf"^\s*{_LISTED}\s*(?::|--|[-–—|])?\s+(?=\w)", re.IGNORECASE)
_PLAN = re.compile(
    r"^\s*(?:phase|step|stage|part|milestone|sprint|iteration|slice|task) \d+\w?(?:\.\d+)*(?:/\d+| of \d+)?(?: follow[- ]?up)?"
    r"\s*(?::|[-–—]\s)\s*(?=\w)",
    re.IGNORECASE,
)
"""A step of a plan that the change does not show: `Phase 7 follow-up: `."""
_PLANNED = re.compile(r"\b(?:phase|milestone|sprint|iteration) \d", re.IGNORECASE)
_STATE = re.compile(r"\s*(?:[,;]|\s[-–—])\s*(?:and )?(?:all )?(?:the )?tests (?:now |still )?pass(?:ing)?(?: again)?[.!]*$", re.IGNORECASE)
_PASSED = re.compile(r"\ball (?:the )?(?:[\d,]+ )?(?:unit |existing )?tests (?:still |now )?pass", re.IGNORECASE)
_DIRECTIVE = re.compile(
    r"\s*(?:\[(?:skip|no)[ -](?:ci|tests?|actions?|changelog)\]|\[ci[ -]skip\]|\[automated\]|(?<!\S)![a-z]+-[a-z-]+)\s*", re.IGNORECASE
)
_TALK = re.compile(
    r"\b(?:(?:the|this|my|your|that) (?:PR|MR|pull request|merge request|issue|ticket|thread|conversation|talk)\b"
    r"|review (?:comments?|feedback|notes?|suggestions?)|(?:code|PR|documentation) review\b|as (?:discussed|requested|suggested)\b"
    r"|per (?:the |our )?(?:review|discussion|comment|request)|(?:thanks|h/t|hat tip|suggested by|reported by|co-?authored)[,:]? @?\w"
    r"|previous commit|last commit|this commit)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`\"'(])")
_DANGLING = re.compile(
    r"(?:[:,(]|\b(?:on|in|at|for|from|to|of|by|with|see|here|and|or|as|than|like|via|per|the|a|is|are|was))\W*$", re.IGNORECASE
)
_BULLET = re.compile(r"\s*(?:[-*+•]|\d+[.)])\s+")


def without_references(message: str) -> str:
    """The message without what a change does not show: numbers, addresses, talks; empty where the subject cannot stand without them."""
    whole, _, body = message.partition("\n")
    subject = _DIRECTIVE.sub(" ", _BRACKETED.sub("", whole)).strip()
    planned = bool(_PLAN.match(subject))
    subject = _PLAN.sub("", _HEAD.sub("", subject, count=1), count=1)
    while (shorter := _STATE.sub("", _TAIL.sub("", subject))) != subject:
        subject = shorter
    subject = subject.strip().rstrip(",;:-–—").strip()
    if (subject != whole and (len(subject.split()) < 2 or _DANGLING.search(subject))) or _leans(subject):
        return ""
    paragraphs = [kept for paragraph in body.strip("\n").split("\n\n") if (kept := _kept_of(paragraph, subject, planned=planned))]
    return "\n\n".join([subject, *paragraphs])


def _kept_of(paragraph: str, subject: str, *, planned: bool) -> str:
    """The lines or sentences of a paragraph that lean on nothing outside of the change, and say more than the subject."""

    def leans(text: str) -> bool:
        return _leans(text) or bool(_PASSED.search(text)) or (planned and bool(_PLANNED.search(text)))

    paragraph = _DIRECTIVE.sub(" ", paragraph) if _DIRECTIVE.search(paragraph) else paragraph
    lines = [line for line in paragraph.strip("\n").split("\n") if line.strip() and not re.fullmatch(r"\s*[-=_*]{3,}\s*", line)]
    if lines and all(_BULLET.match(line) or line.startswith((" ", "\t")) for line in lines):
        kept = [without for line in lines if _is_new(without := _BRACKETED.sub("", line), subject)]
        return "\n".join(line for line in kept if not leans(line))
    if not leans(paragraph):
        return "\n".join(lines)
    sentences = []
    for sentence in _SENTENCE.split(" ".join(line.strip() for line in lines)):
        if _ONLY.fullmatch(sentence):
            continue
        shorter = _TAIL.sub("", _BRACKETED.sub("", sentence))
        if not leans(shorter) and (shorter == sentence or not _DANGLING.search(shorter)):
            sentences.append(shorter)
    return " ".join(sentences)


def _is_new(line: str, subject: str) -> bool:
    """Whether a line of a list says something else than the subject, and is no housekeeping on the way to it."""
    match = _BULLET.match(line)
    said = line[match.end() :] if match else line
    return not match or (said.strip(" .").casefold() != subject.strip(" .").casefold() and not is_chore(said) and not _MERGE.match(said))


def _leans(text: str) -> bool:
    return bool(_REFERENCE.search(text) or _TALK.search(text))


_ABOUT_DOCS = re.compile(r"\b(?:docs?|docstrings?|documentation|document(?:s|ed|ing)?|readme|tutorial)\b", re.IGNORECASE)
_BESIDES = re.compile(r"\b(?:plus|and|with|also|including)\b|[+&,]", re.IGNORECASE)


def is_about_docs(message: str) -> bool:
    """Whether a message names documentation, and not as what came along with something else."""
    found = _ABOUT_DOCS.search(message.partition("\n")[0])
    return found is not None and not _BESIDES.search(message[: found.start()])


_TOOLS = (
    r"(?:cog|black|ruff|isort|prettier|mypy|flake8|pylint|eslint|gofmt|clippy|rustfmt|lint\w*|pre-?commit|pyright|formatter|codespell"
    r"|spellcheck)"
)
_SMALL = (
    r"(?:typos?|links?|warnings?|whitespace|comments?|imports?|tests?|builds?|ci|spelling|grammar|formatting|style|indent\w*|newlines?"
    rf"|docs?|docstrings?|badges?|headings?|todos?|fixtures?|variables?|{_TOOLS})"
)
_FIXED = (
    r"(?:fix(?:e[sd])?|correct(?:ed|s)?|remove[sd]?|clean(?:ed|s)?(?:\ up)?|tweak(?:ed|s)?|trim(?:med|s)?|tidy|tidied|delete[sd]?"
    r"|drop(?:ped)?|adjust(?:ed)?|reformat(?:ted)?|improve[sd]?|update[sd]?|skip(?:ped)?|unbreak|minor|small|suppress(?:ed)?|silence[sd]?|disable[sd]?)"
)
_DEPENDENCIES = r"(?:dependenc\w+|deps?|requirements?|lock\ ?file|packages?)"
_CHORE = re.compile(
    rf"""
    (?:chore|build|ci|release|style|deps(?:-dev)?)(?:\([^)]*\))?!?:\ .*
    | .*\b(?:change ?log|release\ notes?|version\ (?:number|bump)|bump(?:ed|s|ing)?\ version|annotated\ release)\b.*
    | (?:re-?)?(?:release|releasing|released|prepare|preparing|cut|tag|ship|bump|bumped|bumping|bumps|version|dates?|publish)\b
      .*\b\d+\.\d+.*
    | (?:bump|bumped|bumps|upgrade|upgraded|update|updated|pin|pinned|unpin|unpinned|lock)\b.*\b{_DEPENDENCIES}\b.*
    | (?:upgrade|upgraded|update|updated|bump|bumped|pin|pinned)\ (?:to\ )?[\w.\-/@]+\ (?:from\ .*|to\ )?[v=<>~^]*\d[\w.]*(?:\ to\ .*)?
    | (?:(?:ran|run|apply|applied|use|used|add|added|fix|fixes|fixed|update|updated|more|latest|please|satisfy|make|only)\b.{{0,30}})?
      \b{_TOOLS}\b.{{0,30}}
    | .*\b(?:and|,)\ (?:ran|applied)\ {_TOOLS}\b.*
    | (?:fix(?:e[sd])?|unbreak|repair)\ (?:for\ )?(?:the\ )?(?:\w+\ )?tests?\b.* | .*\btests\ (?:to\ )?pass(?:ing)?[.!]*
    | (?:upgrade|upgraded|bump|bumped)\ [\w.\-]+ | (?:add|added|adopt|use)\ {_TOOLS}\b.*
    | {_FIXED}(?:\ for|\ in|\ up)?(?:\ [\w'-]+){{0,3}}\ {_SMALL}(?:\ (?:failures?|errors?|that\ fails?.*|for\ now|in\ \w+))?[.!]*
    | (?:minor|small|tiny|quick|more|some|various|another)\b.{{0,30}}\b(?:fix(?:es)?|tweaks?|edits?|changes?|clean ?ups?|{_SMALL})[.!]*
    | (?:remove[sd]?|delete[sd]?|drop(?:ped)?)\ (?:an?\ |the\ |some\ )?(?:unused|rogue|obsolete|stray|leftover|debug\w*|commented|dead|extra
      |unnecessary|accidental\w*|superfluous|redundant|pointless)\b.*
    | (?:\w+\ )?(?:improvements?|tweaks?|changes?|updates?)\ (?:to|for|in)\ (?:the\ )?\w+[.!]*
    | (?:copy[ -]?edit|reword|wording|typo)\b.*
    | (?:{_FIXED}|soften(?:ed)?|rephrase[sd]?)\b.*\b(?:wording|language|phrasing|prose|copy)[.!]*
    | .*\bgit ?ignore\b.*
    | (?:try|trying|attempt|experiment|test(?:ing)?\ if|see\ if|debug|again|oops|whoops|forgot|guess(?:ing)?|hopefully|maybe)\b.*
    | .*\bI\ (?:accidentally|broke|forgot|missed|introduced)\b.*
    | .*\b(?:a\ (?:little\ )?bit|for\ the\ moment)[.!]*
    | .*\b(?:ci|github\ actions?|read ?the ?docs|travis|codecov|dependabot|workflow\ file|publish\.yml|test\.yml)\b.{{0,12}}
    """,
    re.IGNORECASE | re.VERBOSE,
)


def is_chore(message: str) -> bool:
    """Whether a message is about a release, a version, dependencies, formatting or other housekeeping."""
    subject, _, body = message.partition("\n")
    return bool(_CHORE.fullmatch(subject.strip())) and len(body) < 200
