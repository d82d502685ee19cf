"""Generated pages by file name. Each module beside this one writes one kind of page."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import typer.main

from process_operator.__main__ import app as operator_app
from process_operator.monitor.settings import MonitorSettings
from process_operator.plugin.app import app as plugin_app
from process_operator.resources.schema import crd_files
from process_operator.settings import Settings
from reference.commands import commands_page
from reference.fields import kind_page
from reference.reasons import reasons_page
from reference.settings import settings_page

FOLDER: Final = Path(__file__).parents[2] / "docs" / "reference" / "generated"


def generated_pages() -> dict[str, str]:
    """Every page of the folder: file name and Markdown."""
    pages = dict(kind_page(text) for text in crd_files().values())
    pages["process-operator.md"] = commands_page("process-operator", typer.main.get_command(operator_app))
    pages["kubectl-process.md"] = commands_page("kubectl process", typer.main.get_command(plugin_app))
    pages["settings.md"] = settings_page(Settings, MonitorSettings)
    pages["reasons.md"] = reasons_page()
    return pages
