#include <fmt/format.h>

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <variant>

#include "converters/passes/spiking.h"
#include "experiments/library/version.h"
#include "experiments/simulation/conversion.h"
#include "neurons/multi_threshold.h"
#include "python/bindings/bindings.h"
#include "python/bindings/errors.h"
#include "sim/core/error.h"

namespace rheobase::python {
namespace {

using namespace nb::literals;

/// A preset's name, or means and deviations.
using NormalizationArgument = std::variant<std::string, std::pair<std::vector<float>, std::vector<float>>>;

Normalization normalization_from(const NormalizationArgument& argument) {
  if (const auto* name = std::get_if<std::string>(&argument)) return normalization_preset(*name);
  const auto& [mean, std] = std::get<1>(argument);
  return {mean, std};
}

void check_nir(const std::string& path, const NirOptions& nir) {
  check_nir_dialect(nir.dialect);
  check_nir_reset(nir.reset);
  if (nir.dt && !(*nir.dt > 0 && std::isfinite(*nir.dt)))
    throw InputError("dt", fmt::format("{}", *nir.dt), "expected more than 0");
  if (path.ends_with(".nir")) return;
  const char* const argument = nir.dialect != "auto" ? "dialect"
                               : nir.dt              ? "dt"
                               : nir.reset != "auto" ? "reset"
                               : nir.strict          ? "strict"
                                                     : nullptr;
  if (argument != nullptr) throw InputError(argument, "", "is for NIR files, whose names end in .nir");
}

void check(const ConversionSpec& spec) {
  if (!spec.to.empty() && spec.to != "snn" && spec.to != "bnn" && spec.to != "ann")
    throw InputError("to", spec.to, "expected snn, bnn or ann");
  if (spec.arithmetic != "float32" && spec.arithmetic != "fixed")
    throw InputError("arithmetic", spec.arithmetic, "expected float32 or fixed");
  if (!spec.method.empty()) parse_method(spec.method);
  if (spec.levels) expect_within("levels", *spec.levels, 1, most_levels);
  const bool spiking = spec.to.empty() || spec.to == "snn";
  const char* const argument = spec.arithmetic == "fixed" ? "arithmetic"
                               : !spec.method.empty()     ? "method"
                               : spec.levels              ? "levels"
                                                          : nullptr;
  if (!spiking && argument != nullptr)
    throw InputError(argument, "", fmt::format("is for spiking networks, not for {}", spec.to));
  check_nir(spec.source, spec.nir);
}

nb::tuple convert(const std::filesystem::path& path, const std::string& arithmetic,
                  const std::optional<NormalizationArgument>& normalize, const std::optional<std::string>& to,
                  const std::optional<std::string>& method, std::optional<std::int64_t> levels,
                  const std::string& dialect, std::optional<double> dt, const std::string& reset,
                  bool strict) {
  ConversionSpec spec;
  spec.source = path.string();
  spec.to = to.value_or("");
  spec.arithmetic = arithmetic;
  if (normalize) spec.normalization = normalization_from(*normalize);
  spec.method = method.value_or("");
  spec.levels = levels;
  spec.nir = {dialect, dt, strict, reset};
  check(spec);
  Conversion conversion;
  {
    const nb::gil_scoped_release released;
    conversion = convert_model(spec, registry().schemas(), tool_version());
  }
  return nb::make_tuple(std::move(conversion.model), to_strs(python_texts(conversion.notes)));
}

}  // namespace

void bind_convert(nb::module_& module) {
  module.def(
      "convert", &convert, "path"_a, "arithmetic"_a, "normalize"_a.none(), "to"_a.none(), "method"_a.none(),
      "levels"_a.none(), "dialect"_a, "dt"_a.none(), "reset"_a, "strict"_a,
      nb::sig("def convert(path: str | os.PathLike[str], arithmetic: str, normalize: str | "
              "tuple[collections.abc.Sequence[float], collections.abc.Sequence[float]] | None, to: str | "
              "None, method: str | None, levels: int | None, dialect: str, dt: float | None, reset: str, "
              "strict: bool) "
              "-> tuple[Model, list[str]]"),
      "rheobase.convert(), and what the user should know of the result.");
}

}  // namespace rheobase::python
