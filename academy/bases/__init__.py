"""Base models: what a name leads to, the facts that the files give without loading the weights, and what Academy made of them."""

from academy.bases.base import BASE_MISSING, NOWHERE, Base, Places, find_base, resolve_base, shortened
from academy.bases.folders import (
    BaseFacts,
    cached_snapshot,
    check_folder,
    facts,
    fingerprint,
    header_of,
    template_of,
    thinks,
    weight_files,
)

__all__ = [
    "BASE_MISSING",
    "NOWHERE",
    "Base",
    "BaseFacts",
    "Places",
    "cached_snapshot",
    "check_folder",
    "facts",
    "find_base",
    "fingerprint",
    "header_of",
    "resolve_base",
    "shortened",
    "template_of",
    "thinks",
    "weight_files",
]
