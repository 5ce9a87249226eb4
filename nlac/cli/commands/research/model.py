"""``nlac model``: what models hold, whether they are sound, and making them of training runs."""

from __future__ import annotations

import json
from pathlib import Path

import click

from nlac._errors import CorruptStream, OutputExists, UsageError
from nlac._output import open_output
from nlac.cli import _console
from nlac.cli._suggest import SuggestingGroup


@click.group("model", cls=SuggestingGroup)
def command() -> None:
    """Look at models of the predictors cnn and gru, check them, make them.

    A model is named by its file, or by the name of one that is shipped or lies in the
    folder that NLAC_MODELS names.

    \b
    Examples:
      nlac model list
      nlac model info cnn
      nlac model verify mine.nlacm
      nlac model export runs/first mine.nlacm
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each model.")
def list_models(as_json: bool) -> None:
    """List the models that --model knows by name: the shipped ones, and those in NLAC_MODELS.

    \b
    Examples:
      nlac model list
    """
    from nlac.cli.training.tables import text_table
    from nlac.predictors.networks.models import model_files
    from nlac.predictors.neural.models import describe_model

    rows = []
    for path in model_files():
        found = describe_model(path)
        card = found["card"]
        facts = {
            **{name: found[name] for name in ("model", "predictor", "front", "weights", "bytes")},
            "licence": card.get("licence", ""), "date": card.get("date", ""),
            "hash": found["hash"], "path": found["path"],
        }  # fmt: skip
        rows.append(facts)
        if as_json:
            click.echo(json.dumps(facts))
    if not as_json:
        names = ["model", "predictor", "front", "weights", "bytes", "licence", "date"]
        click.echo(text_table([[facts[name] for name in names] for facts in rows], names))


@command.command("info")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each model.")
def info(models: tuple[str, ...], as_json: bool) -> None:
    """Show hash, layers and card of models.

    \b
    Examples:
      nlac model info cnn
      nlac model info --json mine.nlacm | jq .card
    """
    from nlac.predictors.networks.layers import Linear
    from nlac.predictors.networks.models import open_model
    from nlac.predictors.neural.models import model_predictor

    for name in models:
        model = open_model(name)
        network = model.network
        layers = [
            f"{'linear' if isinstance(layer, Linear) else 'gru'} {layer.outputs}"
            for layer in network.layers
        ]
        facts = {
            "model": name,
            "hash": model.hash.hex(),
            "predictor": model_predictor(model),
            "inputs": network.inputs,
            "layers": layers,
            "weights": network.num_weights,
            "card": model.card,
        }
        if as_json:
            click.echo(json.dumps(facts))
            continue
        click.echo(f"{name}\n  hash       {facts['hash']}\n  predictor  {facts['predictor']}")
        click.echo(f"  layers     {network.inputs} inputs, {', '.join(layers)}")
        click.echo(f"  weights    {network.num_weights:,}")
        for key, value in sorted(model.card.items()):
            if key not in facts:
                click.echo(f"  {key:9}  {_readable(value)}")


def _readable(value: object) -> str:
    """Entries of a card a line each, where there are several."""
    if isinstance(value, dict):
        return "\n             ".join(f"{key}: {_readable(one)}" for key, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@command.command("verify")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
def verify(models: tuple[str, ...]) -> int:
    """Check models: checksum, the proof that no sum overflows, and that executors agree.

    \b
    Examples:
      nlac model verify mine.nlacm
    """
    import numpy as np

    from nlac.predictors.networks import reference, step, sweep
    from nlac.predictors.networks.layers import ACTIVATION_LIMIT
    from nlac.predictors.networks.models import open_model
    from nlac.predictors.neural.models import check_network

    _console.before_coding()
    for name in models:
        model = open_model(name)
        check_network(model.network, CorruptStream)
        rng = np.random.default_rng(1)
        loud = rng.integers(
            -ACTIVATION_LIMIT, ACTIVATION_LIMIT + 1, (2000, model.network.inputs)
        ).astype(np.int16)
        loud[1000:] >>= 6  # as loud as features are
        expected = reference.run(model.network, loud)
        layout = step.NetworkWeights(model.network)
        for runner in dict.fromkeys((step.Runner, sweep.runner_for(model.network))):
            if not np.array_equal(runner(layout).run(loud), expected):
                raise CorruptStream("the compiled network differs from the reference", path=name)
        click.echo(f"{name}: good, {model.hash.hex()}")
    return 0


@command.command("export")
@click.argument("run", metavar="RUN", type=click.Path(exists=True, file_okay=False))
@click.argument("output", metavar="OUT.nlacm", type=click.Path(dir_okay=False))
@click.option("--name", help="Name on the card; by default that of the file.")
@click.option("-f", "--force", is_flag=True, help="Replace the output if it exists.")
def export(run: str, output: str, name: str | None, force: bool) -> None:
    """Make a model of what a training run has reached.

    \b
    Examples:
      nlac model export runs/first mine.nlacm
    """
    from nlac.predictors.networks.models import SUFFIX
    from nlac.training.codec.export import export as export_run

    path = Path(output)
    if path.suffix != SUFFIX:
        raise UsageError(f"{output}: a model's name ends with {SUFFIX}")
    if path.exists() and not force:
        raise OutputExists(f"{output} exists; -f replaces it")
    model = export_run(run, name or path.stem)
    with open_output(path, force=force) as file:
        file.write(model.to_bytes())
    click.echo(f"{output}: {path.stat().st_size:,} bytes, {model.hash.hex()}")
