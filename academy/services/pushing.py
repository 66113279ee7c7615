"""The verbs of pushing: put an export on the Hugging Face hub, follow that, cancel it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from academy.adapters.pushing import Push, Pushed, Pushes, PushRequest, has_token, remembered
from academy.config import Settings
from academy.errors import Refused, Unavailable
from academy.jobs.store import JobStore
from academy.services.exports import Exported, Exports
from academy.services.permission import Permission, changing, reading

_CARD = "README.md"


class Pushing:
    """Everything that can be done with exports and the hub."""

    def __init__(self, permission: Permission, settings: Settings, exports: Exports, jobs: JobStore, pushes: Pushes) -> None:
        self._permission = permission
        self._settings = settings
        self._exports = exports
        self._jobs = jobs
        self._pushes = pushes

    @reading
    def check_allowed(self) -> None:
        """Raises Unavailable where the owner has not allowed the network, or no token is there, and says what to do."""
        if not self._settings.remote_data:
            raise Unavailable(
                "Pushing to the hub is not allowed.",
                hint="Set ACADEMY_REMOTE_DATA=true, in the environment or in .env, and start Academy again.",
            )
        if not has_token(os.environ):
            raise Unavailable(
                "There is no token for the hub.",
                hint="Make one that may write, put it into HF_TOKEN and start Academy again, or log in with: hf auth login",
            )

    @changing
    def begin(self, adapter_id: str, name: str, request: PushRequest) -> Push:
        """Begins to push an export; its repository is made, and the model card goes along."""
        self.check_allowed()
        made = self._exports.one(adapter_id, name)
        if made.record.format == "bundle":
            raise Refused("A bundle holds your lessons, so it is not pushed.", hint="Push the adapter or a merged model instead.")
        job = self._jobs.get(made.job_id)
        files = {_name_there(file.name): job.folder.export / file.name for file in made.record.files}
        return self._pushes.begin(job.job_id, made.record.name, files, request, job.folder.pushed)

    @reading
    def of(self, made: Exported) -> tuple[Push | None, Sequence[Pushed]]:
        """The last push of an export since the start of the app, and where it was pushed to."""
        return self._pushes.of(made.job_id), remembered(self._jobs.get(made.job_id).folder.pushed)

    @changing
    def cancel(self, adapter_id: str, name: str) -> Push | None:
        """Cancels a push that is running; an ended one is forgotten, and what it put on the hub stays there."""
        return self._pushes.cancel(self._exports.one(adapter_id, name).job_id)


def _name_there(name: str) -> str:
    """What a file of an export is called in a repository: the card beside a GGUF file is what the hub shows."""
    return _CARD if Path(name).suffix == ".md" else name
