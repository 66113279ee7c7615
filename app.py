"""Starts Academy: settings → Academy → REST and page behind one guard → serve."""

from __future__ import annotations

import argparse
import contextlib
import errno
import importlib.util
import logging
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from academy.access.languages import language_here
from academy.bases import Places, resolve_base
from academy.config import Settings, load
from academy.curation.commits.commits import read_commits
from academy.errors import AcademyError
from academy.jobs.processes import hold_data_folder
from academy.messages import Text, msg, render
from academy.ui.texts.translate import languages

if TYPE_CHECKING:
    import uvicorn

    from academy.chat.request import Engine
    from academy.services.academy import Academy


def main(argv: list[str] | None = None) -> int:
    """Serves until interrupted; returns the exit status."""
    parser = argparse.ArgumentParser(prog="app.py", description="Academy teaches a language model from your own work.")
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (default 7860)")
    parser.add_argument("--data-dir", type=Path, help="folder for everything Academy keeps (default ./data)")
    given = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("httpx", "httpcore", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    settings = None
    try:
        settings = load(host=given.host, port=given.port, data_dir=given.data_dir)
        check_settings(settings)
        prepare_folders(settings)
        lock = hold_data_folder(settings.data_dir)
        listener = _listen(settings)
    except AcademyError as error:
        print(_said(error.text, settings), file=sys.stderr)
        return 1
    with lock, listener:
        # Gradio leaves broken uploads behind; only under the lock is it certain that no other app uses the folder.
        for left in (settings.data_dir / "gradio").iterdir():
            shutil.rmtree(left, ignore_errors=True)
        # Gradio serves files below the working directory, so that one is empty.
        os.chdir(settings.data_dir / "run")
        _serve(settings, listener)
    return 0


def create_app(settings: Settings, *, engine: Engine | None = None) -> tuple[Any, Academy]:
    """Builds the ASGI application (the guard in front of REST, streams and page) and the Academy behind it."""
    set_environment(settings)
    # Imported here: Gradio takes two seconds, and a wrong setting or a taken port should be reported at once.
    import gradio as gr
    from starlette.routing import Mount

    from academy.access.assets import Assets
    from academy.access.guard import Guard
    from academy.api.routes import create_api
    from academy.services.academy import Academy
    from academy.ui import ahead, page

    academy = Academy(settings, engine=engine)
    demo = page.build(academy)
    ahead.name_ahead(demo.config)
    api = create_api(academy, lifespan=_lifespan(academy))
    app = gr.mount_gradio_app(
        api,
        demo,
        path="",
        server_name=settings.host,
        server_port=settings.port,
        blocked_paths=[str(settings.data_dir), str(Path(__file__).parent)],
        max_file_size=settings.max_upload_mb << 20,
        show_error=True,
        ssr_mode=False,
        enable_monitoring=False,
        run_history=False,
        mcp_server=settings.mcp,
        footer_links=[],
        root_path=settings.root_path or None,
        **page.mount_options(),
    )
    # Without this any Gradio event accepts any file of the machine: mounting leaves its file guard off.
    demo.has_launched = True
    for route in app.routes:
        if isinstance(route, Mount):
            route.app.add_exception_handler(KeyError, _stale)  # type: ignore[attr-defined]
    app.add_middleware(Assets)
    return Guard(app, settings), academy


def _stale(request: Any, error: Exception) -> Any:
    # Gradio looks up components and events by number, and answers an unknown one with 500.
    from starlette.responses import JSONResponse

    # Logged, because a fault of our own looks the same from outside.
    logging.getLogger("academy").info("%s found no %s.", request.url.path, error, exc_info=error)
    return JSONResponse({"detail": "This page is outdated. Reload it."}, 404)


def set_environment(settings: Settings) -> None:
    """Sets the environment of Gradio and the hub library; call it before they are imported."""
    os.environ.update(
        {
            "GRADIO_ANALYTICS_ENABLED": "False",
            "GRADIO_MCP_SERVER": str(settings.mcp),
            "GRADIO_SSR_MODE": "False",
            "GRADIO_TEMP_DIR": str(settings.data_dir / "gradio"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "DO_NOT_TRACK": "1",
        }
    )


def check_settings(settings: Settings) -> None:
    """Raises AcademyError if a setting names something that does not exist."""
    if settings.language and settings.language not in languages():
        raise AcademyError(
            "ACADEMY_LANGUAGE cannot be {name!r}.",
            hint="Choose {names:or}, or leave it out: the browser then chooses.",
            name=settings.language,
            names=[*languages()],
        )
    if settings.mcp and importlib.util.find_spec("mcp") is None:
        raise AcademyError("ACADEMY_MCP needs the package mcp.", hint="pip install 'mcp<2', or leave ACADEMY_MCP out.")
    for name, check in (
        ("ACADEMY_DEFAULT_BASE_MODEL", lambda: resolve_base(settings.default_base_model, Places.of(settings))),
        ("ACADEMY_GIT_REPO", lambda: settings.git_repo and read_commits(settings.git_repo, limit=0)),
    ):
        try:
            check()
        except AcademyError as error:
            raise AcademyError("{name} cannot be used. {reason}", hint=error.hint_text, name=name, reason=error.message_text) from error


def prepare_folders(settings: Settings) -> None:
    """Creates the folders of the data folder; raises AcademyError if that is impossible."""
    try:
        for folder in (settings.training_dir, settings.models_dir, settings.uploads_dir):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (settings.data_dir / "gradio", settings.data_dir / "run"):
            folder.mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise AcademyError(
            "The data folder {data_dir} cannot be used: {strerror}.",
            hint="Name another one with --data-dir.",
            data_dir=settings.data_dir,
            strerror=error.strerror,
        ) from error


def _lifespan(academy: Academy) -> Any:
    @contextlib.asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        academy.start()
        try:
            yield
        finally:
            academy.close()

    return lifespan


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # TCP by name: asyncio disables Nagle's algorithm only on sockets known to be TCP; otherwise each reply takes 40 ms more.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise AcademyError(
                "{host!r} is not an address of this machine.", hint="Use 127.0.0.1, or 0.0.0.0 for all.", host=settings.host
            ) from error
        raise AcademyError(
            "Port {port} on {host} cannot be used: {strerror}.",
            hint="Another program may listen there; choose another port with --port.",
            port=settings.port,
            host=settings.host,
            strerror=error.strerror,
        ) from error
    listener.set_inheritable(False)
    return listener


def _serve(settings: Settings, listener: socket.socket) -> None:
    app, _academy = create_app(settings)
    from academy.access.server import make_server

    server = make_server(app, root_path=settings.root_path)
    _announce_when_ready(server, settings, listener, app)
    server.run(sockets=[listener])


def _announce_when_ready(server: uvicorn.Server, settings: Settings, listener: socket.socket, app: Any) -> None:
    start = server.startup

    async def startup(sockets: list[socket.socket] | None = None) -> None:
        await start(sockets)
        if server.started:
            addresses = _addresses(settings, listener, app.login_path)
            print(_said(msg("Academy answers at {addresses}", addresses=addresses), settings), flush=True)

    server.startup = startup  # type: ignore[method-assign]


def _said(text: Text, settings: Settings | None) -> str:
    """A text for the terminal."""
    return render(text, language_here(os.environ, settings.language if settings else "")).strip()


def _addresses(settings: Settings, listener: socket.socket, login_path: Callable[[], str]) -> str:
    """The addresses of the page, each with its own login link, because a link works once."""
    port = listener.getsockname()[1]
    if settings.host not in ("0.0.0.0", "::"):
        return _url(settings.host, port) + login_path()
    here = _url("127.0.0.1", port) + login_path()
    outer = _own_address()
    outside = _url(outer, port) + login_path() if outer else ""
    return _said(msg("{here} and, from other machines, {outside}", here=here, outside=outside), settings) if outside else here


def _url(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _own_address() -> str:
    """The address at which other machines of the network reach this one, or "" without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # reserved for documentation; connecting a datagram socket sends nothing
        except OSError:
            return ""
        return probe.getsockname()[0]


if __name__ == "__main__":
    sys.exit(main())
