"""Fewer layers in a better order, which mean the same; and layers that run together."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from pose_landmarker.engines.native.graph import Graph, Layer, Output, fused, simplified
from pose_landmarker.engines.native.reading import read_graph
from tests.tflite_builder import (
    every_network,
)


def _meanings(graph: Graph) -> list[object]:
    """What each output is, written out: it must not depend on how sums are made, nor on the order."""
    known: dict[int, object] = {}
    for layer in graph.layers:
        weights = None if layer.weights is None else id(layer.weights)
        inputs = tuple(hash(known[number]) for number in layer.inputs)
        means: object = (layer.kind, inputs, weights, layer.step, layer.top, layer.left, layer.clip)
        if layer.kind == "sum":
            means = known[layer.inputs[0]]
        if layer.add is not None:
            means = ("sum", frozenset([hash(means), hash(known[layer.add])]), layer.clip_sum)
        known[layer.output] = means
    return [[known[number] for number in output.tensors] for output in graph.outputs]


@every_network
def test_simplified_networks_mean_the_same(networks: dict[str, bytes], name: str) -> None:
    graph = read_graph(networks[name])
    simple = simplified(graph)
    assert _meanings(simple) == _meanings(graph)
    makers = {layer.output: layer for layer in simple.layers}
    assert len(makers) == len(simple.layers)
    place = {number: i for i, number in enumerate(makers)}
    left = [layer for layer in simple.layers if layer.kind == "sum"]
    for layer in left:  # those whose later part is made by a layer that can add nothing, or nothing more
        maker = makers[max(layer.reads, key=lambda number: place[number])]
        assert maker.kind in ("widen", "sum") or maker.add is not None
    sums = sum(layer.kind == "sum" for layer in graph.layers) - len(left)
    assert len(simple.layers) == len(graph.layers) - sums
    assert sum(layer.add is not None for layer in simple.layers if layer.kind != "sum") == sums


class TestSimplified:
    def test_a_sum_is_made_by_the_later_of_the_two(self) -> None:
        graph = _chain(("conv", 0), ("conv", 1), ("sum", 2, 1))
        assert [(layer.output, layer.add) for layer in simplified(graph).layers] == [
            *[(0, None), (1, None), (3, 1)],
        ]

    def test_not_where_that_is_needed_elsewhere(self) -> None:
        graph = _chain(("conv", 0), ("conv", 1), ("sum", 2, 1), ("depthwise", 2))
        graph.outputs = [Output((1, 32, 32, 8), (3,)), Output((1, 32, 32, 8), (4,))]
        assert [layer.kind for layer in simplified(graph).layers].count("sum") == 1

    def test_not_where_that_is_an_answer(self) -> None:
        graph = _chain(("conv", 0), ("conv", 1), ("sum", 2, 1))
        graph.outputs.append(Output((1, 32, 32, 8), (2,)))
        assert _meanings(simplified(graph)) == _meanings(graph)
        assert [layer.output for layer in simplified(graph).layers] == [0, 1, 2, 3]

    def test_not_of_a_tensor_and_itself(self) -> None:
        graph = _chain(("conv", 0), ("sum", 1, 1))
        assert [layer.output for layer in simplified(graph).layers] == [0, 1, 2]

    @pytest.mark.parametrize("kind", ["unfold", "widen", "sum"])
    def test_not_by_layers_that_only_move_numbers(self, kind: str) -> None:
        more = (1,) if kind == "sum" else ()
        graph = _chain(("conv", 0), ("conv", 1), (kind, 2, *more), ("sum", 3, 1))
        assert simplified(graph).layers[-1].kind == "sum"

    def test_layers_come_right_before_the_only_one_that_reads_them(self) -> None:
        graph = _chain(
            ("conv", 0), ("conv", 1), ("conv", 1), ("depthwise", 3), ("depthwise", 2), ("sum", 4, 5)
        )
        graph.outputs = [Output((1, 32, 32, 8), (6,))]
        order = [layer.output for layer in simplified(graph).layers]
        assert order == [0, 1, 3, 4, 2, 6]

    def test_the_network_given_stays_as_it_is(self) -> None:
        graph = _chain(("conv", 0), ("conv", 1), ("sum", 2, 1))
        before = list(graph.layers)
        simplified(graph)
        assert graph.layers == before


def _chain(*layers: tuple[Any, ...], side: int = 32) -> Graph:
    """A network of layers without weights: kind, what is read, and what is added; the last one answers."""
    graph = Graph(0, [Output((1, side, side, 8), (len(layers),))])
    graph.layers.append(Layer(kind="crop", inputs=(), output=0))
    graph.layers += [
        Layer(kind=kind, inputs=(source,), output=number, add=more[0] if more else None)
        for number, (kind, source, *more) in enumerate(layers, 1)
    ]
    graph.shapes = dict.fromkeys(range(len(layers) + 1), (side, side, 8))
    return graph


class TestFused:
    @every_network
    def test_groups_hold_every_layer_once(self, networks: dict[str, bytes], name: str) -> None:
        graph = simplified(read_graph(networks[name]))
        groups = fused(graph, lambda _: False)
        assert [number for group in groups for number in group] == list(range(len(graph.layers)))
        assert max(len(group) for group in groups) in range(3, 9)
        answers = {number for output in graph.outputs for number in output.tensors}
        for group in groups:
            for before, number in itertools.pairwise(group):
                made, reader = graph.layers[before].output, graph.layers[number]
                assert reader.inputs == (made,)
                assert sum(made in layer.reads for layer in graph.layers) == 1
                assert graph.shapes[made][0] >= 32
                assert made not in answers

    def test_at_most_eight(self) -> None:
        groups = fused(_chain(*[("conv", number) for number in range(20)]), lambda _: False)
        assert [len(group) for group in groups] == [8, 8, 5]

    def test_small_maps_stay_alone(self) -> None:
        graph = _chain(("conv", 0), ("conv", 1), side=31)
        assert [len(group) for group in fused(graph, lambda _: False)] == [1, 1, 1]

    def test_so_do_others(self) -> None:
        graph = _chain(("conv", 0), ("depthwise", 1), ("upsample", 2), ("conv", 3), ("conv", 4))
        assert [list(group) for group in fused(graph, lambda _: False)] == [[0, 1, 2], [3], [4, 5]]
        alone = fused(graph, lambda layer: layer.kind == "depthwise")
        assert [list(group) for group in alone] == [[0, 1], [2], [3], [4, 5]]

    def test_what_is_needed_twice_or_is_an_answer_goes_to_memory(self) -> None:
        graph = _chain(("conv", 0), ("conv", 1), ("conv", 2, 1))
        assert [list(group) for group in fused(graph, lambda _: False)] == [[0, 1], [2, 3]]
        graph.outputs.append(Output((1, 32, 32, 8), (2,)))
        assert [list(group) for group in fused(graph, lambda _: False)] == [[0, 1], [2], [3]]


# --- memory
