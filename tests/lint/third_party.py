#!/usr/bin/env python3
"""Each outside library is named in the few places that wrap it."""

import re

import sources

# Header prefix -> the folders or files that may include it.
HOMES = {
    "oneapi/tbb": ["sim/core/parallel.cpp"],
    "tbb": ["sim/core/parallel.cpp"],
    "openssl": ["sim/core/file.cpp"],
    "cuda_runtime": ["sim/cuda", "sim/device/cuda_info.cu", "neurons"],
    "hwy": ["sim/device", "sim/op", "neurons", "binarize"],
    "oneapi/dnnl": ["binarize/train/dense_convolution.cpp"],
    "dnnl": ["binarize/train/dense_convolution.cpp"],
    "hdf5": ["sim/hdf5", "sim/format", "converters/nir"],
    "H5": ["sim/hdf5", "sim/format", "converters/nir"],
    "onnx": ["converters/onnx"],
    "google/protobuf": ["converters/onnx"],
    "boost/math": ["experiments/analysis/binomial_tail.cpp"],
    "boost": ["experiments/cli/command_line.cpp"],
    "nlohmann": ["experiments/json"],
    "toml++": ["experiments/spec/toml_reader.cpp"],
    "zlib": ["experiments/data"],
    "zip": ["experiments/data/zip_archive.cpp"],
    "lz4": ["experiments/data/lz4_frame.cpp"],
    "jpeglib": ["experiments/data/decode_jpeg.cpp"],
    "jerror": ["experiments/data/decode_jpeg.cpp"],
    "png": ["experiments/data/decode_png.cpp"],
    "nanobind": ["python/bindings"],
    "Python": ["python/bindings"],
}


def home_of(header):
    for prefix, homes in HOMES.items():
        if header == prefix or re.match(re.escape(prefix) + r"[/.]|" + re.escape(prefix) + r"\w*\.h$", header):
            return homes
    return None


def check(path, text):
    for number, line in enumerate(sources.without_comments(text).split("\n"), 1):
        match = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
        homes = home_of(match.group(1)) if match else None
        if homes is not None and not any(path == home or path.startswith(home + "/") for home in homes):
            yield f"{path}:{number}: <{match.group(1)}> belongs to {', '.join(homes)}"


if __name__ == "__main__":
    sources.finish("third_party", [f for p in sources.sources() for f in check(str(p), p.read_text())])
