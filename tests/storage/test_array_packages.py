"""The codecs as numcodecs and Zarr load and store them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from storage_tools import electrodes

import nlac

numcodecs = pytest.importorskip("numcodecs", reason="numcodecs is not installed")
zarr = pytest.importorskip("zarr", reason="zarr is not installed")

from nlac.storage.numcodecs_codec import Nlac  # noqa: E402
from nlac.storage.zarr_codec import NlacCodec  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(autouse=True, scope="module")
def _registered():
    """As the entry points do it where the package is installed."""
    numcodecs.register_codec(Nlac)
    if "nlac" not in zarr.registry.__dict__["__codec_registries"]:
        zarr.registry.register_codec("nlac", NlacCodec)


def test_entry_points_find_the_codecs(tmp_path):
    # a distribution of that metadata, as an installer would write it
    info = tmp_path / "nlac_codecs-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nlac-codecs\nVersion: 1\n")
    points = PROJECT["entry-points"]
    lines = [f"[{group}]\n" + "\n".join(f"{k} = {v}" for k, v in each.items()) + "\n"
             for group, each in points.items()]  # fmt: skip
    (info / "entry_points.txt").write_text("\n".join(lines))
    code = (
        "import numcodecs, zarr.registry; print(numcodecs.get_codec({'id': 'nlac'}), "
        "zarr.registry.get_codec_class('nlac').__name__)"
    )
    path = os.pathsep.join([str(tmp_path), str(Path(nlac.__file__).parents[1])])
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith("Nlac(preset='standard'")
    assert done.stdout.strip().endswith("NlacCodec")


def test_example_of_the_page_runs(tmp_path, monkeypatch):
    page = (ROOT / "docs/arrays.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(example, {})


def test_numcodecs_configuration_comes_back():
    codec = numcodecs.get_codec({"id": "nlac", "preset": "fast", "group": 4})
    again = numcodecs.get_codec(json.loads(json.dumps(codec.get_config())))
    assert again == codec
    assert repr(again) == repr(codec)
    # what the bytes do not depend on is not stored
    assert Nlac(threads=3, verify=False).get_config() == Nlac().get_config()
    with pytest.raises(nlac.UsageError, match=r"no such setting: level \(known: preset"):
        numcodecs.get_codec({"id": "nlac", "level": 9})


def test_a_filter_ahead_hides_what_the_codec_finds():
    # differences run from channel to channel, as an array lies in memory
    array = electrodes(2000, 6)
    codec = Nlac(preset="fast")
    differences = numcodecs.Delta("i2").encode(array)
    assert len(codec.encode(differences)) > 1.03 * len(codec.encode(array))


def test_numcodecs_decodes_into_an_array():
    array = electrodes(500, 3)
    codec = Nlac(preset="fast")
    data = codec.encode(array)
    out = np.zeros_like(array)
    assert codec.decode(data, out=out) is out
    assert np.array_equal(out, array)
    assert np.array_equal(codec.decode(memoryview(data)), array)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<i2", ">i2", "<f4"])
def test_zarr_2_keeps_order_and_byte_order(dtype, order):
    array = electrodes(700, 5).astype(dtype)
    made = zarr.create_array(
        {}, shape=array.shape, chunks=(300, 4), dtype=dtype, zarr_format=2, order=order,
        compressors=Nlac(preset="fast", threads=1),
    )  # fmt: skip
    made[:] = array
    assert made[:].tobytes() == array.tobytes()


@pytest.mark.parametrize("dtype", ["int8", "uint8", "uint16", "int32", "uint32", "float32"])
def test_zarr_3_stores_every_type(dtype):
    array = (electrodes(300, 3) % 100).astype(dtype)
    store = zarr.storage.MemoryStore()
    made = zarr.create_array(
        store, shape=array.shape, chunks=(200, 3), dtype=dtype, compressors=None,
        serializer=NlacCodec(preset="fast", threads=1),
    )  # fmt: skip
    made[:] = array
    opened = zarr.open_array(store, mode="r")
    assert opened.metadata.codecs == (NlacCodec(preset="fast"),)
    assert np.array_equal(opened[:], array)


def test_zarr_3_fill_values_and_parts():
    made = zarr.create_array(
        {}, shape=(4, 1000), chunks=(4, 300), dtype="int16", compressors=None, fill_value=-7,
        serializer=NlacCodec(preset="fast", threads=1),
    )  # fmt: skip
    array = np.ascontiguousarray(electrodes(150, 4).T)
    made[:, 350:500] = array
    assert made.nchunks_initialized == 1
    assert np.array_equal(made[:, 350:500], array)
    assert (made[:, :350] == -7).all()
    assert (made[:, 500:] == -7).all()


def test_zarr_3_shards():
    array = electrodes(900, 4)
    made = zarr.create_array(
        {}, shape=array.shape, chunks=(300, 4), shards=(600, 4), dtype="int16", compressors=None,
        serializer=NlacCodec(preset="fast", threads=1),
    )  # fmt: skip
    made[:] = array
    assert np.array_equal(made[250:650], array[250:650])


def test_zarr_3_on_fsspec():
    pytest.importorskip("fsspec")
    array = electrodes(400, 2)
    where = "memory://nlac-arrays"
    made = zarr.create_array(
        where, shape=array.shape, chunks=(400, 2), dtype="int16", compressors=None,
        serializer=NlacCodec(preset="fast", threads=1), overwrite=True,
    )  # fmt: skip
    made[:] = array
    assert np.array_equal(zarr.open_array(where, mode="r")[:], array)


def test_zarr_3_refuses_other_types_at_once():
    with pytest.raises(nlac.UsageError, match="float64 samples"):
        zarr.create_array(
            {}, shape=(5,), chunks=(5,), dtype="float64", compressors=None, serializer=NlacCodec()
        )


def test_a_chunk_of_another_shape_is_damage():
    array = electrodes(100, 2)
    store = zarr.storage.MemoryStore()
    made = zarr.create_array(
        store, shape=(100, 2), chunks=(100, 2), dtype="int16", compressors=None,
        serializer=NlacCodec(preset="fast", threads=1),
    )  # fmt: skip
    made[:] = array
    data = Nlac(preset="fast").encode(array[:50])
    store._store_dict["c/0/0"] = zarr.core.buffer.cpu.Buffer.from_bytes(data)
    with pytest.raises(nlac.CorruptStream, match=r"shape \(50, 2\) where one of shape \(100, 2\)"):
        made[:]
