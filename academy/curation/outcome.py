"""Whether a result means success or failure, in the words of several languages."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

_YES = {"1", "y", "yes", "true", "tak", "prawda", "ja", "wahr", "oui", "vrai", "sí", "si", "sì", "sim", "ano", "да", "так", "はい", "是"}
_NO = {"0", "-1", "n", "no", "false", "nie", "fałsz", "nein", "falsch", "non", "faux", "não", "ne", "нет", "ні", "いいえ", "否"}

_SUCCESS = r"""
    success\w* | succeed\w* | ok | okay | pass | passed | passes | passing | works | worked | fixed | solved | resolved
  | completed? | accepted | approved | correct | good | done | green | sukces\w* | uda[łl]o | udan[aey] | powodzeni\w*
  | zaliczon\w* | dzia[łl]a | gotowe | poprawnie | erfolg\w* | bestanden | gelungen | geklappt | funktioniert | fertig | gelöst
  | richtig | réussi\w* | succès | terminé | [ée]xito\w* | exitos\w* | correcto | funciona | riuscit\w* | successo | sucesso
  | zrobion\w* | rozwiąza\w* | powiod[łl]o | pomyśln\w* | march[eé] | funcionó | resuelto | positiv\w* | pozytywn\w*
  | concluído | gelukt | geslaagd | úspě\w* | hotovo | успе[хш]\w* | успіх\w* | успішн\w* | готово
"""
_FAILURE = r"""
    fail\w* | errors? | error\w* | err | broken | wrong | bad | crash\w* | exceptions? | traceback | abort\w* | reject\w* | denied
  | time[d]?[ -]?out | incorrect | invalid | unsuccessful\w* | unresolved | unsolved | incomplete | b[łl][ęeąa]d\w* | pora[żz]k\w*
  | niepowodzeni\w* | nieudan\w* | niepoprawn\w* | fehler\w* | fehlgeschlagen | misserfolg\w* | erfolglos\w* | gescheitert
  | misslungen | kaputt
  | nope | negativ\w* | negatywn\w* | niepomyśln\w* | nierozwiąz\w* | niezaliczon\w*
  | échec\w* | échou\w* | erreurs? | fallo\w* | falló | fallid\w* | fracas\w* | errore | errori | fallit\w*
  | falha\w* | falhou | erro | erros | mislukt | fout\w* | selhal\w* | chyb\w* | neúspě\w* | ошибк\w* | провал\w* | неудач\w*
  | неуспе\w* | помилк\w* | невдач\w*
"""
_TROUBLE = r"(?:issues?|problem\w*|probleme\w*|problèmes?|problemas?)"
_FIXED = r"(?:fixed|resolved|solved|gone|corrected|naprawion\w*|usunięt\w*|behoben|gelöst|corrigée?s?|résolue?s?|resuelt\w*|corregid\w*)"
_NONE_OF = (
    r"(?:no|not? any|without|zero|0|bez|brak|żadnych|keine?n?|ohne|null|sans|aucune?|sin|ning[úu]n|senza|nessun|sem|nenhum|zonder|geen"
    r"|žádn\w+|без|нет)"
)
_NOT = (
    r"(?:not|never|cannot|(?:is|was|does|did|do|could|can|wo|has|have)n?['’]t|nearly|almost|prawie|beinahe|presque|casi|nie|nicht|kein\w*"
    r"|n['’]a\s+pas|ne\s+\w+\s+pas|pas|no\s+fue|no|non|n[ãa]o|niet|не|ne)"
)

# What comes after such a word is what counts: "looks ok, but the tests failed".
_BUT = re.compile(r"\b(?:but|however|although|though|aber|doch|jedoch|leider|ale|lecz|jednak|niestety|mais|pero|ma|mas)\b", re.IGNORECASE)
_FALSE = r"(?:0|no|none|false|nie|nein|non|never)"
_TELLS = re.compile(
    rf"""
    (?P<counted>\b[1-9]\d*\s+(?:tests?\s+)?(?:failed|failures?|failing|errors?)\b
      | (?<![\d.,])0\s?%(?!\s*(?:errors?|fail)) | [❌✗✘✖👎🔴⛔💥🚫])
  | (?P<no_failure>\b{_NONE_OF}\s+(?:\w+\s+)?(?:{_FAILURE}|{_TROUBLE})\b | \b0\s?%\s+(?:{_FAILURE})\b
      | \b(?:{_FAILURE})\s*[:=]\s*{_FALSE}\b | \b(?:not|never|none|nothing|didn['’]t)\s+(?:fail(?:ed)?|broken|wrong|bad)\b
      | \b(?:{_FAILURE})\s+(?:is\s+|are\s+|was\s+|were\s+|został[ay]?\s+|wurden?\s+)?{_FIXED}\b)
  | (?P<no_success>\b(?:{_NOT}|{_NONE_OF})\s+(?:\w+\s+)?(?:{_SUCCESS}|work\w*|fix|solve)\b | \b(?:{_SUCCESS})\s*[:=]\s*{_FALSE}\b)
  | (?P<failure>\b(?:{_FAILURE})\b | 失败 | 失敗 | 错误 | 錯誤 | エラー | 실패 | 오류 | \bne\s+fonctionne\s+pas\b)
  | (?P<success>\b(?:{_SUCCESS})\b | [✅✔✓👍🎉🟢☑💚] | 成功 | 完了 | 完成 | 성공 | 완료)
    """,
    re.IGNORECASE | re.VERBOSE,
)


@lru_cache(maxsize=4096)
def outcome(result: str) -> Literal["success", "failure", ""]:
    """The outcome by the first telling word after the last "but"; failures with a number or a mark (❌) always count."""
    text = result.strip()[:4000]
    plain = text.casefold().strip(" .!")
    if plain in _YES:
        return "success"
    if plain in _NO:
        return "failure"
    if match := re.fullmatch(r"(?:exit(?:ed)?(?: with)?(?: code| status)?|return code|rc)\s*[:=]?\s*(-?\d+)", plain):
        return "success" if int(match[1]) == 0 else "failure"
    outcome_so_far: Literal["success", "failure", ""] = ""
    for part in _BUT.split(text):
        first: Literal["success", "failure", ""] = ""
        for match in _TELLS.finditer(part):
            if match["counted"]:
                return "failure"
            if not first:
                first = "success" if match["no_failure"] or match["success"] else "failure"
        outcome_so_far = first or outcome_so_far
    return outcome_so_far
