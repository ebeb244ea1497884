from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pose_landmarker import Smoothing
from pose_landmarker.errors import OptionError, OptionTypeError
from pose_landmarker.image_options import ImageProcessingOptions, RegionOfInterest
from pose_landmarker.options import BaseOptions, OptionValues, PoseLandmarkerOptions, RunningMode


def test_defaults_are_the_references() -> None:
    options = PoseLandmarkerOptions()
    assert options.running_mode is RunningMode.IMAGE
    assert options.num_poses == 1
    assert options.min_pose_detection_confidence == 0.5
    assert options.min_pose_presence_confidence == 0.5
    assert options.min_tracking_confidence == 0.5
    assert options.output_segmentation_masks is False
    assert options.result_callback is None
    assert options.base_options.model == "full"


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("num_poses", 0, "whole number ≥ 1"),
        ("num_poses", -3, "whole number ≥ 1"),
        ("min_pose_detection_confidence", 1.01, "0 to 1"),
        ("min_pose_presence_confidence", -0.01, "0 to 1"),
        ("min_tracking_confidence", math.nan, "0 to 1"),
        ("min_tracking_confidence", math.inf, "0 to 1"),
        ("engine", "tpu", "'auto', 'native', 'litert', 'openvino' or 'torch'"),
        ("threads", 0, "from 1 to 1024"),
        ("threads", 5000, "from 1 to 1024"),
    ],
)
def test_values_out_of_range_name_option_value_and_range(name: str, value: Any, wanted: str) -> None:
    with pytest.raises(OptionError) as caught:
        PoseLandmarkerOptions(**{name: value})
    assert name in str(caught.value)
    assert str(value) in str(caught.value)
    assert wanted in str(caught.value)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_poses", 1.5),
        ("num_poses", "2"),
        ("num_poses", True),
        ("num_poses", None),
        ("min_tracking_confidence", np.zeros(2)),
        ("min_pose_detection_confidence", "0.5"),
        ("min_pose_presence_confidence", None),
        ("min_tracking_confidence", True),
        ("output_segmentation_masks", 1),
        ("engine", 3),
        ("threads", 2.0),
        ("threads", np.array([2])),
        ("min_pose_presence_confidence", 10**400),
        ("min_pose_presence_confidence", np.array("x")),
        ("running_mode", "IMAGE"),
        ("base_options", "full"),
        ("result_callback", 3),
    ],
)
def test_wrong_types_name_the_option(name: str, value: Any) -> None:
    with pytest.raises(OptionTypeError, match=name) as caught:
        PoseLandmarkerOptions(**{name: value})
    assert isinstance(caught.value, TypeError)


def test_numpy_numbers_are_numbers() -> None:
    numbers: dict[str, Any] = {"num_poses": np.int64(3), "min_tracking_confidence": np.float32(0.25)}
    numbers["output_segmentation_masks"] = np.True_
    options = PoseLandmarkerOptions(**numbers)
    assert options.num_poses == 3
    assert type(options.num_poses) is int
    assert options.output_segmentation_masks is True
    assert options.min_tracking_confidence == 0.25


def test_a_callback_belongs_to_live_streams_and_only_there() -> None:
    for mode in (RunningMode.IMAGE, RunningMode.VIDEO):
        with pytest.raises(OptionError, match="result_callback should not be provided"):
            PoseLandmarkerOptions(running_mode=mode, result_callback=print)
        with pytest.raises(OptionError, match="on_error should not be provided"):
            PoseLandmarkerOptions(running_mode=mode, on_error=print)
    PoseLandmarkerOptions(running_mode=RunningMode.LIVE_STREAM, result_callback=print, on_error=print)


def test_an_async_callback_is_refused() -> None:
    async def callback(result: object, image: object, timestamp_ms: int) -> None:
        pass

    with pytest.raises(OptionTypeError, match="stream"):
        PoseLandmarkerOptions(running_mode=RunningMode.LIVE_STREAM, result_callback=callback)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"smoothing": "none "}, "smoothing must be 'reference' or 'none'"),
        ({"smoothing": 0.5}, "Smoothing"),
        ({"detection_interval": -0.1}, "detection_interval must be a number ≥ 0"),
        ({"detection_interval": float("nan")}, "detection_interval must be a number ≥ 0"),
        ({"detection_interval": "1"}, "detection_interval must be a number ≥ 0"),
        ({"steady": 1}, "steady must be True or False"),
        ({"subject": "biggest"}, "'largest', 'central' or 'first'"),
        ({"subject": (1, 2, 3)}, "a point"),
        ({"subject": (1, "2")}, "numbers"),
        ({"subject": (1, float("inf"))}, "finite"),
        ({"subject": (1, 2, 0, 5)}, "width and height > 0"),
        ({"subject": 7}, "a point"),
    ],
)
def test_options_over_time_are_checked(values: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        PoseLandmarkerOptions(running_mode=RunningMode.VIDEO, **values)


@pytest.mark.parametrize("name", ["min_cutoff", "world_min_cutoff", "derivative_cutoff", "visibility_alpha"])
def test_constants_of_smoothing_are_checked(name: str) -> None:
    for wrong in (0.0, -1.0, float("nan"), "x", None):
        with pytest.raises(OptionError, match=f"smoothing.{name}"):
            Smoothing(**{name: wrong})  # type: ignore[arg-type]


def test_what_smoothing_means() -> None:
    assert PoseLandmarkerOptions().smoothing_constants == Smoothing(zero_is_unknown=True)
    assert PoseLandmarkerOptions(smoothing=None).smoothing_constants is None
    assert PoseLandmarkerOptions(smoothing="none").smoothing_constants is None
    mine = Smoothing(beta=3)
    assert PoseLandmarkerOptions(smoothing=mine).smoothing_constants is mine


def test_type_checkers_know_every_option() -> None:
    assert set(OptionValues.__annotations__) | {"base_options"} == {
        *PoseLandmarkerOptions.__dataclass_fields__,
        "device",  # of BaseOptions
    }


def test_exactly_one_model_is_given() -> None:
    with pytest.raises(OptionError, match="none given"):
        BaseOptions()
    with pytest.raises(OptionError, match="model_asset_path and model given"):
        BaseOptions(model_asset_path="a.task", model="full")
    with pytest.raises(OptionTypeError, match="model_asset_path"):
        BaseOptions(model_asset_path=3)  # type: ignore[arg-type]
    with pytest.raises(OptionTypeError, match="model_asset_buffer"):
        BaseOptions(model_asset_buffer="text")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="'lite', 'full' or 'heavy'"):
        BaseOptions(model="huge")
    with pytest.raises(OptionError, match="model_asset_path is empty"):
        BaseOptions(model_asset_path="")


def test_model_by_name_path_or_bytes(tmp_path: Path) -> None:
    assert BaseOptions.of("lite").model == "lite"
    assert BaseOptions.of("models/x.task").model_asset_path == "models/x.task"
    assert BaseOptions.of(tmp_path / "full").model_asset_path == tmp_path / "full"
    assert BaseOptions.of(Path("full")).model_asset_path == Path("full")
    assert BaseOptions.of(b"PK").model_asset_buffer == b"PK"
    assert BaseOptions.of(bytearray(b"PK")).model_asset_buffer == b"PK"  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="'lite', 'full' or 'heavy'"):
        BaseOptions.of("ful")
    with pytest.raises(OptionTypeError, match="NoneType"):
        BaseOptions.of(None)  # type: ignore[arg-type]


def test_the_bytes_of_a_model_are_not_printed() -> None:
    assert "PK" not in repr(BaseOptions(model_asset_buffer=b"PK"))


@pytest.mark.parametrize("degrees", [0, 90, 180, 270, -90, 360, 450, 90.0, np.int64(90), np.float32(90)])
def test_rotation_in_steps_of_90(degrees: Any) -> None:
    options = ImageProcessingOptions(rotation_degrees=degrees)
    assert type(options.rotation_degrees) is int
    assert math.isclose(options.rotation_rad, -math.radians(int(degrees) % 360))


@pytest.mark.parametrize("degrees", [45, 1, -91])
def test_other_angles_are_refused(degrees: int) -> None:
    with pytest.raises(OptionError, match=f"multiple of 90, not {degrees}"):
        ImageProcessingOptions(rotation_degrees=degrees)


@pytest.mark.parametrize("degrees", ["90", True, None, 90.5, np.array([90])])
def test_angles_of_wrong_type_are_refused(degrees: Any) -> None:
    with pytest.raises(OptionTypeError, match="rotation_degrees"):
        ImageProcessingOptions(rotation_degrees=degrees)


class _Rect:
    left, top, right, bottom = 0.1, 0.2, 0.3, 0.4


@pytest.mark.parametrize("region", [(0.1, 0.2, 0.3, 0.4), [0.1, 0.2, 0.3, 0.4], _Rect()])
def test_regions_in_several_forms(region: Any) -> None:
    options = ImageProcessingOptions(region_of_interest=region)
    assert options.region_of_interest == RegionOfInterest(left=0.1, top=0.2, right=0.3, bottom=0.4)


@pytest.mark.parametrize("region", [(0.5, 0, 0.5, 1), (0, 0.6, 1, 0.5), (-0.1, 0, 1, 1), (0, 0, 1.1, 1)])
def test_empty_or_outlying_regions_are_refused(region: Any) -> None:
    with pytest.raises(OptionError, match="region_of_interest"):
        ImageProcessingOptions(region_of_interest=region)


@pytest.mark.parametrize("region", ["left", (1, 2, 3), {"left": 0}, 3])
def test_other_things_are_no_regions(region: Any) -> None:
    with pytest.raises(OptionTypeError, match="region_of_interest"):
        ImageProcessingOptions(region_of_interest=region)


def test_options_cannot_be_changed() -> None:
    options = PoseLandmarkerOptions()
    with pytest.raises(AttributeError):
        options.num_poses = 2  # type: ignore[misc]
