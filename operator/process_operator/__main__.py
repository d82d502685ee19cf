"""The command line: `run` the operator, `verify` an installation, or write the CRDs.

Neighbours: `runtime.py` wires the operator, `resources/schema.py` makes the CRDs.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

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
    from process_operator import runtime
    from process_operator.cluster.connection import ConfigurationError
    from process_operator.logging_setup import set_up_logging
    from process_operator.settings import Settings

    settings = Settings()
    set_up_logging(settings)
    try:
        asyncio.run(runtime.run(settings, kubeconfig=str(kubeconfig) if kubeconfig else None, context=context))
    except ConfigurationError as error:
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
    from process_operator.cluster.connection import ConfigurationError
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
def crds(directory: Annotated[Path, typer.Argument(help="Folder to write the files into.")] = Path("crds")) -> None:
    """Write the CustomResourceDefinitions, one file for each kind."""
    from process_operator.resources.schema import crd_files

    directory.mkdir(parents=True, exist_ok=True)
    for name, text in crd_files().items():
        (directory / name).write_text(text)


if __name__ == "__main__":
    app()
