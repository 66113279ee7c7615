"""Phrases that the filters know, in several languages: refusals of models, and requests for a translation."""

from __future__ import annotations

import re

REFUSAL = re.compile(
    r"\bas an? (?:ai|artificial intelligence|large language model|language model)\b"
    r"|\bI(?:'m| am)(?: just| only)? an? (?:ai|language model)\b"
    r"|\bI(?:'m| am) (?:very |so |really )?sorry,? (?:but )?I (?:can(?:no|')t|am unable|am not able|'m unable|'m not able)"
    r"|\bI (?:can(?:no|['’])t|am unable to|am not able to) (?:assist|help|comply|fulfil|provide that|do that|answer that)"
    r"|\bals (?:eine? )?(?:ki|künstliche intelligenz|sprachmodell)\b|\bich kann (?:dir|ihnen) dabei (?:leider )?nicht helfen"
    r"|\bjako (?:model językowy|sztuczna inteligencja)|\bnie mogę (?:w tym )?pomóc",
    re.IGNORECASE,
)
TRANSLATION = re.compile(
    r"translat|übersetz|tłumacz|traduc|traduire|перевед|翻译|翻訳|po (?:polsku|angielsku|niemiecku)|angielsk|niemieck|polsk"
    r"|\b(?:english|german|polish|french|spanish|italian|russian|chinese|japanese|korean|ukrainian|deutsch|englisch|polnisch)",
    re.IGNORECASE,
)
