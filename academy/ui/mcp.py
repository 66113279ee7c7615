"""Puts the tools for assistants (academy/mcp.py) behind Gradio's MCP server, where the owner has switched it on (ACADEMY_MCP)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gradio as gr

from academy.errors import AcademyError
from academy.ui import mcp_app as mcp

if TYPE_CHECKING:
    from academy.services.academy import Academy


def add_tools(academy: Academy) -> None:
    """Adds the tools to the Blocks that is being built."""
    for tool in mcp.tools(academy):
        gr.api(_told(tool), api_name=tool.__name__, queue=False)


def _told(tool: Callable[..., Any]) -> Callable[..., Any]:
    """An error that somebody can act on reaches the assistant as its sentence."""

    @functools.wraps(tool)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return tool(*args, **kwargs)
        except AcademyError as error:
            raise gr.Error(error.detail) from error

    return wrapped
