#pragma once

// What the extension module is put together from: one function a file.

#include <nanobind/nanobind.h>

#include "sim/op/registry.h"

namespace rheobase::python {

namespace nb = nanobind;

void bind_errors();
void bind_stop_rule(nb::module_& module);
void bind_model(nb::module_& module);
void bind_convert(nb::module_& module);
void bind_engine(nb::module_& module);
void bind_run(nb::module_& module);

/// Everything that can be run, put together at the first call.
const Registry& registry();

/// By name, and here: InputError with the reason for one that is not.
DeviceChoice available_device(const std::string& name);

/// Throws InputError naming the argument where `value` is outside of low to high.
void expect_within(const char* argument, std::int64_t value, std::int64_t low, std::int64_t high);

// As the program takes them.
inline constexpr std::int64_t most_slots = 1 << 16;
inline constexpr std::int64_t most_threads = 1024;
inline constexpr std::int64_t most_steps = 1 << 20;

}  // namespace rheobase::python
