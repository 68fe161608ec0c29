#include "converters/nir/import/dialect.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rheobase::nir {
namespace {

const Dialect dialects[] = {
    {"nir"},
    {"snntorch"},
    {"norse", 1e-3, Dialect::Start::leak},
    {"spikingjelly", 1e-4, Dialect::Start::reset, true},
    {"sinabs", 1.0, Dialect::Start::zero, true, true},
};

const Dialect* find(const std::string& name) {
  const auto found = std::find_if(std::begin(dialects), std::end(dialects),
                                  [&](const Dialect& dialect) { return dialect.name == name; });
  return found == std::end(dialects) ? nullptr : found;
}

bool is_one(double value) { return std::abs(value - 1) <= 1e-6; }

// Whether every value `of(node, index)` of the nodes of a type is 1; false where there is none.
template <class Of>
bool all_one(const NirGraph& graph, const char* type, const Of& of) {
  bool any = false;
  for (const NirNode& node : graph.nodes) {
    if (node.type != type) continue;
    const auto values = of(node);
    any = true;
    if (values.empty() || !std::all_of(values.begin(), values.end(), is_one)) return false;
  }
  return any;
}

std::vector<double> reals(const NirNode& node, const char* parameter) {
  const Value* value = node.find(parameter);
  if (value == nullptr || value->is_text()) return {};
  if (const auto* list = std::get_if<std::vector<double>>(&value->values)) return *list;
  const auto& whole = std::get<std::vector<std::int64_t>>(value->values);
  return {whole.begin(), whole.end()};
}

std::vector<double> scaled(std::vector<double> values, double factor) {
  for (double& value : values) value *= factor;
  return values;
}

std::vector<double> lif_gains(const NirNode& node, double dt) {
  std::vector<double> r = reals(node, "r");
  const std::vector<double> tau = reals(node, "tau");
  if (tau.size() != r.size()) return {};
  for (std::size_t i = 0; i < r.size(); ++i) r[i] *= dt / tau[i];
  return r;
}

bool has(const NirGraph& graph, const char* type) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(),
                     [&](const NirNode& node) { return node.type == type; });
}

const char* text(Dialect::Start start) {
  constexpr const char* names[] = {"0", "v_leak", "v_reset"};
  return names[static_cast<int>(start)];
}

// What the numbers speak for.
const Dialect& guess(const NirGraph& graph, double dt, Notes& doubts) {
  const auto doubt = [&](const std::string& what) { doubts.push_back({"dialect", what}); };
  if (all_one(graph, "IF", [&](const NirNode& node) { return scaled(reals(node, "r"), dt); }))
    return *find("spikingjelly");
  if (has(graph, "IF"))
    doubt(
        "an IF whose r is 1 resets to v_reset and fires once a step here; Sinabs writes the same and means "
        "subtraction and several spikes: --dialect sinabs, or the one that wrote the file");
  if (all_one(graph, "LIF", [&](const NirNode& node) { return lif_gains(node, dt); })) {
    doubt(
        "r = tau / dt in every LIF, as snnTorch writes it; SpikingJelly without decay_input does too, and "
        "fires at the threshold: --dialect snntorch or spikingjelly");
    return *find("snntorch");
  }
  if (has(graph, "LIF"))
    doubt(
        fmt::format("the file does not say what wrote it, nor how long a step is, {} here: --dialect and "
                    "--dt do",
                    dt));
  return *find("nir");
}

}  // namespace

std::optional<double> if_gain(double r, double dt) {
  if (is_one(r) || is_one(r * dt)) return 1.0;
  return std::nullopt;
}

Dialect dialect_of(const NirGraph& graph, const NirOptions& options, Notes& notes, Notes& doubts) {
  Dialect dialect;
  if (options.dialect == "auto") {
    dialect = guess(graph, options.dt.value_or(dialect.dt), doubts);
  } else {
    check_nir_dialect(options.dialect);
    dialect = *find(options.dialect);
  }
  dialect.dt = options.dt.value_or(dialect.dt);
  notes.push_back({"dialect", fmt::format("{}: steps of {}, fires at v {} v_threshold{}, begins at {}",
                                          dialect.name, dialect.dt, dialect.at_threshold ? ">=" : ">",
                                          dialect.bursts ? ", as often as it fits, and subtracts it"
                                                         : ", resets to v_reset",
                                          text(dialect.start))});
  return dialect;
}

}  // namespace rheobase::nir

namespace rheobase {

void check_nir_dialect(const std::string& name) {
  if (name == "auto" || nir::find(name) != nullptr) return;
  throw InputError("--dialect", name, "expected auto, nir, snntorch, norse, sinabs or spikingjelly");
}

}  // namespace rheobase
