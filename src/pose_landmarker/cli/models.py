"""``pose-landmarker models``: which models are here; fetch, verify and remove them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict

from pose_landmarker.errors import ModelError
from pose_landmarker.models import store
from pose_landmarker.options import MODEL_NAMES

_DESCRIPTION = """\
Models are fetched on first use and then kept. This lists, fetches, verifies and removes them.

  pose-landmarker models                 what is here, where from, under which licence
  pose-landmarker models fetch heavy     bring one now, for example before going offline
  pose-landmarker models verify          check what is here against the published SHA-256
  pose-landmarker models remove lite     free the space

POSE_LANDMARKER_CACHE names another folder; POSE_LANDMARKER_OFFLINE=1 forbids the network.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add this command."""
    parser = commands.add_parser(
        "models",
        help="list, fetch, verify and remove models",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print the list as JSON")
    parser.set_defaults(run=_list)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    for action, run, text in (
        ("list", _list, "what is on this machine (the default)"),
        ("fetch", _fetch, "bring models to this machine"),
        ("verify", _verify, "check the models on this machine"),
        ("remove", _remove, "delete models from this machine"),
    ):
        sub = actions.add_parser(action, help=text, description=text.capitalize() + ".")
        if action == "list":
            sub.add_argument("--json", action="store_true", help="print the list as JSON")
        else:
            few = "*" if action == "verify" else "+"
            sub.add_argument("names", nargs=few, metavar="MODEL", help=", ".join(MODEL_NAMES))
        if action == "fetch":
            sub.add_argument("--force", action="store_true", help="fetch again what is there already")
        sub.set_defaults(run=run)
    return parser


def _list(arguments: argparse.Namespace) -> int:
    models = [store.stored_model(name) for name in MODEL_NAMES]
    if arguments.json:
        rows = [{**asdict(model), "path": str(model.path)} for model in models]
        print(json.dumps(rows, indent=2))
        return 0
    print(f"{'model':<7}{'size':>9}  {'licence':<11} {'fetched':<12}from")
    for model in models:
        if model.size is None:
            why = model.source or "not on this machine"
            print(f"{model.name:<7}{'-':>9}  {model.licence:<11} {'-':<12}{why}")
        else:
            size = f"{model.size / 1e6:.1f} MB"
            print(
                f"{model.name:<7}{size:>9}  {model.licence:<11} {model.fetched[:10] or '-':<12}{model.source}"
            )
    print(f"\nin {models[0].path.parent}")
    return 0


def _fetch(arguments: argparse.Namespace) -> int:
    return _each(arguments.names, lambda name: _fetched(name, again=arguments.force))


def _fetched(name: str, *, again: bool) -> str:
    there_already = not again and store.has_model(name)
    path = store.fetch_model(name, again=again)
    return f"{path} ({'there already' if there_already else f'from {store.stored_model(name).source}'})"


def _verify(arguments: argparse.Namespace) -> int:
    present = [name for name in MODEL_NAMES if store.stored_model(name).size is not None]
    names = arguments.names or present
    if not names:
        print("there are no models on this machine")
    return _each(names, lambda name: f"whole: {store.verify_model(name)}")


def _remove(arguments: argparse.Namespace) -> int:
    return _each(
        arguments.names, lambda name: "removed" if store.remove_model(name) else "was not on this machine"
    )


def _each(names: list[str], action: Callable[[str], str]) -> int:
    status = 0
    for name in names:
        try:
            print(f"{name}: {action(name)}")
        except ModelError as error:
            print(f"{name}: {error}", file=sys.stderr)
            status = 1
    return status
