#include "converters/nir/import/dialect.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rheobase::nir {
namespace {

using Start = Dialect::Start;
using Rule = Dialect::Rule;
using Reset = Dialect::Reset;

const Dialect dialects[] = {
    {"nir"},
    {"snntorch"},
    {"norse", 1e-3, Start::leak},
    {"spikingjelly", 1e-4, Start::reset, true},
    {"lava", 1e-4, Start::zero, false, Rule::lava, Reset::zero, false},
    {"sinabs", 1.0, Start::zero, true, Rule::sinabs, Reset::subtract, false},
    {"rockpool", 1e-3, Start::zero, true, Rule::rockpool, Reset::subtract, false, false},
    {"nengo", 1e-3, Start::zero, false, Rule::nengo, Reset::zero, false},
};

constexpr const char* reset_names[] = {"zero", "subtract", "delayed"};

const char* text(Start start) {
  constexpr const char* names[] = {"0", "v_leak", "v_reset"};
  return names[static_cast<int>(start)];
}

std::string reset_text(const Dialect& dialect) {
  if (dialect.bursts()) return ", as often as it fits, and subtracts it";
  if (dialect.reset == Reset::zero) return ", resets to v_reset";
  return dialect.reset == Reset::subtract ? ", resets by subtraction"
                                          : ", resets by subtraction a step later";
}

std::string told(const Dialect& dialect) {
  const std::string steps = dialect.has_dt ? fmt::format("{}", dialect.dt) : "the length that r tells";
  return fmt::format("{}: steps of {}, fires at v {} v_threshold{}, begins at {}", dialect.name, steps,
                     dialect.at_threshold ? ">=" : ">", reset_text(dialect), text(dialect.start));
}

void set_reset(Dialect& dialect, const std::string& name) {
  check_nir_reset(name);
  if (name == "auto") return;
  const auto* const found = std::find(std::begin(reset_names), std::end(reset_names), name);
  const auto reset = static_cast<Reset>(found - std::begin(reset_names));
  if (!dialect.resets_as_asked && reset != dialect.reset)
    throw InputError("--reset", name,
                     fmt::format("the dialect {} has one reset, {}", dialect.name,
                                 reset_names[static_cast<int>(dialect.reset)]));
  dialect.reset = reset;
}

}  // namespace

const Dialect* find_dialect(const std::string& name) {
  const auto* const found = std::find_if(std::begin(dialects), std::end(dialects),
                                         [&](const Dialect& dialect) { return dialect.name == name; });
  return found == std::end(dialects) ? nullptr : found;
}

const Dialect& named_dialect(const std::string& name) {
  const Dialect* const found = find_dialect(name);
  if (found == nullptr) throw InternalError("no dialect is called " + name);
  return *found;
}

bool is_one(double value) { return std::abs(value - 1) <= 1e-6; }

std::optional<double> if_gain(double r, double dt) {
  if (is_one(r) || is_one(r * dt)) return 1.0;
  return std::nullopt;
}

Dialect dialect_of(const NirGraph& graph, const NirOptions& options, Notes& notes, Notes& doubts) {
  check_nir_dialect(options.dialect);
  Dialect dialect = options.dialect == "auto"
                        ? guess_dialect(graph, options.dt, options.reset != "auto", doubts)
                        : named_dialect(options.dialect);
  set_reset(dialect, options.reset);
  if (options.dt) {
    dialect.dt = *options.dt;
    dialect.has_dt = true;
  }
  notes.push_back({"dialect", told(dialect)});
  return dialect;
}

}  // namespace rheobase::nir

namespace rheobase {

void check_nir_dialect(const std::string& name) {
  if (name == "auto" || nir::find_dialect(name) != nullptr) return;
  std::string names = "auto";
  for (const nir::Dialect& dialect : nir::dialects) names += ", " + dialect.name;
  throw InputError("--dialect", name, "expected " + names);
}

void check_nir_reset(const std::string& name) {
  for (const char* known : {"auto", "zero", "subtract", "delayed"}) {
    if (name == known) return;
  }
  throw InputError("--reset", name, "expected auto, zero, subtract or delayed");
}

}  // namespace rheobase
