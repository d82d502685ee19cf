"""The command line: `run` the operator, `monitor` it, `verify` an installation, `preview` requests, or write the CRDs.

Neighbours: `app.py` wires the operator, `preview/command.py` answers previews, `resources/schema.py` makes the CRDs.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Background processes on Kubernetes.")


@app.command()
def run(
    kubeconfig: Annotated[
        Path | None, typer.Option(help="kubeconfig to use in place of the service account or KUBECONFIG.")
    ] = None,
    context: Annotated[str | None, typer.Option(help="Context of the kubeconfig.")] = None,
) -> None:
    """Run the operator. Settings come from environment variables, PROCESS_OPERATOR_*."""
    # Imported here: the other commands need neither kopf nor a connection.
    from process_operator.app import run as run_operator
    from process_operator.service.logging_setup import set_up_logging
    from process_operator.settings import ConfigurationError, SettingsError, read_settings

    try:
        settings = read_settings()
        set_up_logging(settings)
        asyncio.run(run_operator(settings, kubeconfig=str(kubeconfig) if kubeconfig else None, context=context))
    except (ConfigurationError, SettingsError) as error:
        typer.echo(f"process-operator: {error}", err=True)
        raise typer.Exit(2) from error


@app.command()
def verify(
    image: Annotated[str, typer.Option(help="Image with python3 for the run, such as the operator's own.")],
    namespace: Annotated[str, typer.Option(help="Namespace to make the run in.")] = "default",
    seconds: Annotated[float, typer.Option(help="How long to wait for its end.")] = 120,
    kubeconfig: Annotated[Path | None, typer.Option(help="kubeconfig to use.")] = None,
    context: Annotated[str | None, typer.Option(help="Context of the kubeconfig.")] = None,
) -> None:
    """Prove that an installation works: make one real run, wait for it, and read its log."""
    from process_operator.settings import ConfigurationError
    from process_operator.verify import VerificationError
    from process_operator.verify import verify as make_a_run

    path = str(kubeconfig) if kubeconfig else None
    try:
        done = make_a_run(namespace=namespace, image=image, seconds=seconds, kubeconfig=path, context=context)
        typer.echo(asyncio.run(done))
    except (ConfigurationError, VerificationError) as error:
        typer.echo(f"process-operator: {error}", err=True)
        raise typer.Exit(2 if isinstance(error, ConfigurationError) else 1) from error


@app.command()
def preview(
    filename: Annotated[
        list[str],
        typer.Option("-f", "--filename", help="File or folder with manifests; - is standard input. May be repeated."),
    ],
    start: Annotated[
        str | None, typer.Option("--from", metavar="T", help="Show runs after this instant, RFC 3339. Default: now.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="T", help="Show no run after this instant.")] = None,
    count: Annotated[
        int | None,
        typer.Option(min=1, max=2**31 - 1, help="Show so many runs of each request. Default: 10, with --to all."),
    ] = None,
    request: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this request: NAME, or NAMESPACE/NAME.")
    ] = None,
    output: Annotated[
        Literal["lines", "table", "json"], typer.Option("-o", "--output", help="How to print it.")
    ] = "lines",
    namespace: Annotated[
        str, typer.Option("-n", "--namespace", help="Namespace of manifests that name none.")
    ] = "default",
) -> None:
    """Show when the requests of some manifests would run, if they were applied at --from. Needs no cluster."""
    from process_operator.preview.command import Question, answer
    from process_operator.preview.output import Output

    question = Question(filename, start, end, count, request, Output(output), namespace)
    raise typer.Exit(answer(question, datetime.now(UTC)))


@app.command()
def monitor() -> None:
    """Serve the Process Monitor in a cluster. Settings come from environment variables, PROCESS_MONITOR_*."""
    from process_operator.monitor.in_cluster import log_as_json, run_monitor
    from process_operator.monitor.settings import read_monitor_settings
    from process_operator.settings import ConfigurationError, SettingsError

    try:
        log_as_json()
        asyncio.run(run_monitor(read_monitor_settings()))
    except (ConfigurationError, SettingsError) as error:
        typer.echo(f"process-operator: {error}", err=True)
        raise typer.Exit(2) from error


@app.command()
def crds(directory: Annotated[Path, typer.Argument(help="Folder to write the files into.")] = Path("crds")) -> None:
    """Write the CustomResourceDefinitions, one file for each kind."""
    from process_operator.resources.schema import crd_files

    directory.mkdir(parents=True, exist_ok=True)
    for name, text in crd_files().items():
        (directory / name).write_text(text)


if __name__ == "__main__":
    app()
