#!/usr/bin/env python3
"""What an op is, its schema says (sim/graph/op_schema.h): code that compares names knows no op that comes later."""

import re

import sources

# Ops' own rooms: schemas, kernels, training layers.
OWN = ("sim/graph/", "sim/op/", "neurons/", "binarize/ops/", "binarize/train/")

# File -> how many comparisons it has, each of them about that very op. A number may fall, and then falls here too.
JUSTIFIED = {
    # Folds these very ops into thresholds of sums: Affine, ReLU, Sign; a max pool of signs is a disjunction.
    "binarize/passes/pack_binary.cpp": 6,
    "binarize/passes/sum_chain.cpp": 1,
    # Makes IF of QCFS; says of ReLU and Sign what to train instead.
    "converters/passes/convert_to_snn.cpp": 3,
    # Makes CumulativeMaxPool2d of MaxPool2d.
    "converters/passes/max_pools.cpp": 1,
    # Equations: an average has a divisor, a maximum over time is a number, a flattened channel is many, ReLU, QCFS and Sign have these ranges.
    "converters/passes/fixed_signals.cpp": 2,
    "converters/passes/value_range.cpp": 5,
    "converters/passes/value_sums.cpp": 3,
    "converters/passes/sign_scales.cpp": 1,
    "converters/onnx/import/graph_builder.cpp": 3,
    # ONNX's ops, not ours.
    "converters/onnx/import/unsupported.cpp": 2,
    # Descriptions of networks, layer by layer: what each op takes.
    "binarize/networks/layer_list.cpp": 4,
    "experiments/train/network_file.cpp": 7,
    # An Affine before everything else; signs make a binary network.
    "experiments/data/normalization.cpp": 1,
    "experiments/simulation/conversion.cpp": 1,
    # A maximum is one of its numbers.
    "sim/engine/operation_plan.cpp": 1,
}

COMPARISON = re.compile(r'\bop\s*[!=]=\s*"|\bop\.(?:starts|ends)_with\(|"\s*[!=]=\s*(?:\w+(?:\.|->))*op\b')


def check(path, text):
    if path.startswith(OWN):
        return
    found = len(COMPARISON.findall(sources.without_comments(text)))
    justified = JUSTIFIED.get(path, 0)
    if found > justified:
        yield f"{path}: compares {found} names of ops, {justified} are justified: ask the op's schema"
    if found < justified:
        yield f"{path}: compares {found} names of ops, tests/lint/op_names.py says {justified}: lower it"


if __name__ == "__main__":
    paths = [str(p) for p in sources.sources()]
    faults = [f"{path}: is no more, but tests/lint/op_names.py has it" for path in JUSTIFIED if path not in paths]
    sources.finish("op_names", faults + [f for p in sources.sources() for f in check(str(p), p.read_text())])
