"""Which layers compute in bfloat16 where speed was asked for: those in the middle of a network.

Layers whose feature maps are small and deep hold most of the multiplications. The layers before them
see fine detail, those behind them give positions: there rounding makes landmarks tremble, so they stay
in float32 (docs/precision.md has the figures).
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

#: Sides of the feature maps of the middle: 16 and 8 in the landmark networks, 14 and 7 in the detector.
MIDDLE = range(7, 17)

_CONSTANT_KINDS = ("Const", "Parameter", "Result")
#: How OpenVINO marks an operator that is not to be computed in a shorter type.
_STAYS = {"name": "DisablePrecisionConversion", "version": "0", "value": "dynamic:f16"}


def with_exact_ends(core: Any, graph: Any) -> Any:
    """The same network with every operator outside its middle marked to stay in float32.

    To be compiled with bfloat16 for the rest. Not single convolutions are marked but all that is
    outside: OpenVINO 2026.4.1 cannot fuse a marked convolution with an unmarked addition.

    Args:
        core: OpenVINO.
        graph: A network in the layout (N, C, H, W). Changed.
    """
    _unpack_constants(graph)
    exact = _outside_the_middle(graph)
    # Python cannot make such a mark; a file can hold it.
    with tempfile.TemporaryDirectory(prefix="pose-landmarker-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "network.xml"
        return _marked(core, graph, exact, path)


def _unpack_constants(graph: Any) -> None:
    """Weights that are kept as float16 become float32: a marked convolution would compute with float16."""
    from openvino import Type, opset13

    for node in graph.get_ordered_ops():
        if node.get_type_name() == "Convert":
            packed = node.input_value(0).get_node()
            if packed.get_type_name() == "Constant" and packed.get_element_type() == Type.f16:
                unpacked = opset13.constant(packed.data.astype("float32"))
                node.output(0).replace(unpacked.output(0))


def _outside_the_middle(graph: Any) -> set[str]:
    """Names of the operators outside; all operators are named by number, so that names are unique."""
    names = set()
    for number, node in enumerate(graph.get_ordered_ops()):
        name = f"{node.get_type_name()}_{number}"
        node.set_friendly_name(name)
        if not _is_middle(node):
            names.add(name)
    return names


def _is_middle(node: Any) -> bool:
    if node.get_output_size() == 0 or node.get_output_partial_shape(0).is_dynamic:
        return False
    shape = tuple(node.get_output_shape(0))
    return len(shape) == 4 and shape[2] in MIDDLE


def _marked(core: Any, graph: Any, names: set[str], path: Path) -> Any:
    from xml.etree import ElementTree

    import openvino

    openvino.serialize(graph, path)
    tree = ElementTree.parse(path)  # noqa: S314 - written by OpenVINO just now
    for layer in tree.iter("layer"):
        if layer.get("name") in names and layer.get("type") not in _CONSTANT_KINDS:
            notes = layer.find("rt_info")
            if notes is None:
                notes = ElementTree.SubElement(layer, "rt_info")
            ElementTree.SubElement(notes, "attribute", _STAYS)
    # From memory: a file would be held open, and on Windows it could not be removed.
    return core.read_model(ElementTree.tostring(tree.getroot()), path.with_suffix(".bin").read_bytes())
