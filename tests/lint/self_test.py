#!/usr/bin/env python3
"""The rules catch what they are for and let the rest pass."""

import budgets
import cuda_sass
import files
import layering
import libraries
import op_names
import shared_equations
import sources
import third_party


def expect(condition, what):
    if not condition:
        raise SystemExit(f"self_test: {what}")


def faults(rule, path, text):
    return list(rule.check(path, text))


expect(faults(layering, "sim/core/a.h", '#include "sim/graph/graph.h"'), "core may not see graph")
expect(faults(layering, "sim/engine/a.cpp", '#include "neurons/if.h"'), "sim knows no neuron")
expect(faults(layering, "sim/engine/a.cpp", '#include "sim/cuda/executor/run_state.h"'), "engines know no GPU")
expect(faults(layering, "sim/cuda/kernels/a.cu", '#include "sim/engine/plan.h"'), "kernels know no executor")
expect(faults(layering, "converters/a.cpp", '#include "neurons/register.h"'), "converters see parameters only")
expect(faults(layering, "sim/op/a.cpp", '#include "kernel.h"'), "includes are spelled from the root")
expect(faults(layering, "python/bindings/a.cpp", '#include "experiments/cli/output.h"'), "bindings are no program")
expect(faults(layering, "experiments/a.cpp", '#include "python/bindings/arrays.h"'), "nothing needs Python")
expect(faults(layering, "sim/new/a.cpp", ""), "a new room needs its arrows")
expect(not faults(layering, "converters/a.cpp", '#include "neurons/if.h"'), "converters see parameters")
expect(not faults(layering, "sim/core/a.h", '// #include "sim/graph/graph.h"'), "comments do not include")
expect(faults(libraries, "sim/op/a.cpp", "  std::cerr << 1;"), "no printing")
expect(faults(libraries, "neurons/a.cpp", "  if (x) abort();"), "no abort")
expect(not faults(libraries, "experiments/cli/a.cpp", "  std::puts(x);"), "the program prints")
expect(not faults(libraries, "sim/op/a.cpp", '  throw E("exit(1)"); // printf()'), "texts and comments do not print")
expect(faults(third_party, "sim/op/a.cpp", "#include <oneapi/tbb/parallel_for.h>"), "one file names tbb")
expect(faults(third_party, "sim/op/a.cpp", "#include <H5Cpp.h>"), "HDF5 is the format's")
expect(faults(third_party, "experiments/cli/a.cpp", "#include <boost/math/distributions/binomial.hpp>"), "one file sums tails")
expect(faults(third_party, "sim/engine/a.cpp", "#include <nanobind/nanobind.h>"), "Python stays in its room")
expect(faults(third_party, "sim/engine/a.cpp", "#include <cuda_runtime.h>"), "one room calls CUDA")
expect(not faults(third_party, "sim/format/a.cpp", "#include <hdf5.h>"), "the format has HDF5")
expect(faults(files, "sim/format/a.cpp", "  std::ifstream in(path);"), "readers say what they open")
expect(faults(files, "experiments/a.cpp", "  std::ofstream(path) << text;"), "only AtomicFile writes")
expect(faults(files, "experiments/a.cpp", "  will_read(path);\n  fs::copy_file(path, to);"), "copies are written too")
expect(not faults(files, "sim/format/a.cpp", "  will_read(path);\n  std::ifstream in(path);"), "readers may open")
expect(not faults(files, "sim/format/a.cpp", "#include <fstream>\n// std::ofstream"), "words open nothing")
expect(faults(op_names, "converters/passes/a.cpp", '  if (node.op == "IF") x();'), "schemas say what an op is")
expect(faults(op_names, "experiments/a.cpp", '  return node->op.ends_with("Conv2d");'), "nor by its ending")
expect(faults(op_names, "binarize/passes/sum_chain.cpp", ""), "a number that fell is lowered")
expect(not faults(op_names, "sim/op/a.cpp", '  if (node.op == "Slice") x();'), "an op's own room knows its name")
expect(not faults(op_names, "converters/onnx/a.cpp", '  return node.op() == "Transpose";'), "ONNX's ops are not ours")
expect(list(budgets.function_faults([(41, "x"), (3, "y")])), "half the functions are too long")
expect(not list(budgets.function_faults([(41, "x")] + [(3, "y")] * 19)), "one in twenty may be long")
INTERFACE = "class Wide : public Base {{ public: virtual ~Wide() = default; {} struct In {{ virtual int g(); }}; }};"
expect(list(budgets.interface_faults("a.h", INTERFACE.format("virtual int f(); " * (budgets.MAX_VIRTUAL + 1)))), "too wide")
expect(not list(budgets.interface_faults("a.h", INTERFACE.format("virtual int f(); " * budgets.MAX_VIRTUAL))), "wide enough")
expect(not list(budgets.interface_faults("a.h", INTERFACE.format("// virtual\n" * 20))), "comments are no functions")
PTX = "".join(f".entry {name}(.param x) {{ mul.f32 a, b; div.rn.f32 a, b; }}\n" for name in sorted(shared_equations.UNFUSED))
expect(not list(shared_equations.faults(PTX)), "products and quotients are rounded")
expect(list(shared_equations.faults(PTX.replace("mul.f32", "fma.rn.f32"))), "nothing is fused")
expect(list(shared_equations.faults(PTX.replace("div.rn.f32", "div.approx.ftz.f32"))), "nothing is approximate")
expect(list(shared_equations.faults(PTX.replace("qcfs", "other"))), "every kernel is there")
expect(shared_equations.heavy({"sim/graph/graph.h", "cstdint"}), "graphs are for hosts")
SASS = "Function : _ZN8rheobase4cuda14product_kernelILNS0_11ProductFormE0ELi4ENS0_13StoreCurrentsEEEv\n" + 8 * f"  {cuda_sass.TENSOR} R1, R2\n"
expect(not list(cuda_sass.sass_faults("a.cu", SASS)), "eight products are planned")
expect(list(cuda_sass.sass_faults("a.cu", SASS.replace(cuda_sass.TENSOR, "IMAD", 1))), "seven are too few")
expect(list(cuda_sass.sass_faults("a.cu", SASS + "  STL [R1], R2\n")), "nothing is in local memory")
PTXAS = "Compiling entry function 'k' for 'sm_90'\n    {} bytes stack frame, 0 bytes spill stores, 0 bytes spill loads"
expect(list(cuda_sass.resource_faults("a.cu", PTXAS.format(16))), "no kernel has a stack")
expect(not list(cuda_sass.resource_faults("a.cu", PTXAS.format(0))), "nothing spilled is nothing spilled")
expect(sources.without_comments('"//" // x') == '"//"     ', "strings are no comments")
print("self_test: sound")
