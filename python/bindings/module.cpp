#include <fmt/format.h>

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "experiments/library/registry.h"
#include "experiments/library/version.h"
#include "python/bindings/bindings.h"
#include "sim/core/error.h"

namespace rheobase::python {
namespace {

using namespace nb::literals;

void bind_devices(nb::module_& module) {
  nb::class_<DeviceInfo>(module, "Device", "Where networks can run.")
      .def_prop_ro(
          "name", [](const DeviceInfo& self) { return std::string(to_string(self.kind)); },
          "``reference``, ``cpu`` or ``cuda``: what the argument ``device`` takes.")
      .def_ro("available", &DeviceInfo::available, "Whether it is here.")
      .def_ro("description", &DeviceInfo::description,
              "Hardware and instruction sets, or why it is not available.")
      .def("__repr__", [](const DeviceInfo& self) {
        return fmt::format("<rheobase.Device {}: {}>", to_string(self.kind), self.description);
      });
  module.def("devices", &devices, "Every device that the library knows, available or not.");
}

}  // namespace

const Registry& registry() {
  static const Registry all = full_registry();
  return all;
}

DeviceChoice available_device(const std::string& name) {
  const DeviceChoice choice = parse_device(name);
  for (const DeviceInfo& info : devices()) {
    if (info.kind == choice.kind && !info.available) throw InputError("device", name, info.description);
  }
  return choice;
}

void expect_within(const char* argument, std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value >= low && value <= high) return;
  throw InputError(argument, fmt::format("{}", value), fmt::format("expected {} to {}", low, high));
}

}  // namespace rheobase::python

NB_MODULE(_native, module) {
  using namespace rheobase::python;
  module.doc() = "The compiled part of the package rheobase, which has its names.";
  module.attr("version") = rheobase::tool_version();
  bind_errors();
  bind_devices(module);
  bind_stop_rule(module);
  bind_model(module);
  bind_convert(module);
  bind_engine(module);
  bind_run(module);
}
