#include <fmt/format.h>

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

#include "python/bindings/arrays.h"
#include "python/bindings/bindings.h"
#include "python/bindings/errors.h"
#include "python/bindings/model_facts.h"
#include "sim/format/model_file.h"
#include "sim/graph/validate.h"

namespace rheobase::python {
namespace {

using namespace nb::literals;
using Path = std::filesystem::path;

Model load(const Path& path) {
  const nb::gil_scoped_release released;
  return read_model(path.string(), registry().schemas());
}

void save(const Model& model, const Path& path) {
  const nb::gil_scoped_release released;
  write_model(model, path.string());
}

Shape shape_of(const Model& model, const Node& node) {
  return validate_or_throw(model.graph, registry().schemas(), "model").at(node.name);
}

std::string repr(const Model& model) {
  return fmt::format("<rheobase.Model of {}: {}, {}, {} nodes>", model.provenance.source,
                     model.provenance.conversion, model.arithmetic, model.graph.nodes.size());
}

void bind_node(nb::module_& module) {
  nb::class_<NodeFacts>(module, "Node", "One operation of a network.")
      .def_prop_ro(
          "name", [](const NodeFacts& self) { return to_str(self.name); }, "As in the file it came from.")
      .def_prop_ro(
          "op", [](const NodeFacts& self) { return to_str(self.op); }, "Its kind: ``Conv2d``, ``IF``, ...")
      .def_prop_ro(
          "inputs", [](const NodeFacts& self) { return to_strs(self.inputs); },
          nb::sig("def inputs(self) -> list[str]"), "Names of the nodes that it reads.")
      .def_prop_ro(
          "shape", [](const NodeFacts& self) { return to_tuple(self.shape); },
          nb::sig("def shape(self) -> tuple[int, ...]"), "Of its output: (C, H, W) or (N,).")
      .def_ro("parameters", &NodeFacts::parameters, "Numbers that it holds.")
      .def_ro("neurons", &NodeFacts::neurons, "0 for what is no neuron.")
      .def_ro("spiking", &NodeFacts::spiking, "Whether its output is spikes.")
      .def("__repr__", [](const NodeFacts& self) {
        return to_str(fmt::format("<rheobase.Node {}: {} {}>", self.name, self.op, to_string(self.shape)));
      });
}

}  // namespace

void bind_model(nb::module_& module) {
  bind_node(module);
  nb::class_<Model>(module, "Model",
                    "A network and what is needed to run it; does not change. "
                    "``load`` and ``convert`` make them.")
      .def("save", &save, "path"_a, nb::sig("def save(self, path: str | os.PathLike[str]) -> None"),
           "Writes a model file (.h5), whole or not at all. Raises InputError where the disk refuses.")
      .def("info", &model_info, nb::sig("def info(self) -> dict[str, typing.Any]"),
           "Where the model comes from and what it holds: provenance, arithmetic, stop rule and what it was "
           "calibrated on, parameters, neurons, and of every node its thresholds, too.")
      .def_prop_ro("nodes", &node_facts, "The nodes in the order in which they run.")
      .def_prop_ro(
          "input_shape", [](const Model& self) { return to_tuple(shape_of(self, self.graph.input())); },
          nb::sig("def input_shape(self) -> tuple[int, ...]"), "Of one sample: (C, H, W) or (N,).")
      .def_prop_ro(
          "classes", [](const Model& self) { return element_count(shape_of(self, self.graph.output())); },
          "K, the number of logits.")
      .def_prop_ro(
          "arithmetic", [](const Model& self) { return self.arithmetic; }, "``float32`` or ``fixed``.")
      .def_prop_ro(
          "kind", [](const Model& self) { return to_str(self.provenance.conversion); },
          "``snn``: a spiking network; ``ann`` or ``bnn``: runs for one step.")
      .def_prop_ro(
          "stop", [](const Model& self) { return self.stop; },
          "The stop rule that is stored in the model, or None.")
      .def("__repr__", [](const Model& self) { return to_str(repr(self)); });
  module.def("load", &load, "path"_a, nb::sig("def load(path: str | os.PathLike[str]) -> Model"),
             "Reads a model file (.h5). Raises InputError with everything that is wrong with it.");
}

}  // namespace rheobase::python
