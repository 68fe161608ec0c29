// Whose numbers a file has.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "converters/nir/import/dialect.h"

namespace rheobase::nir {
namespace {

using Reals = std::vector<double>;

Reals reals(const NirNode& node, const char* parameter) {
  const Value* value = node.find(parameter);
  if (value == nullptr || value->is_text()) return {};
  if (const auto* list = std::get_if<Reals>(&value->values)) return *list;
  const auto& whole = std::get<std::vector<std::int64_t>>(value->values);
  return {whole.begin(), whole.end()};
}

bool has(const NirGraph& graph, const char* type) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(),
                     [&](const NirNode& node) { return node.type == type; });
}

// Whether every node of a type passes, and there is one.
template <class Test>
bool all(const NirGraph& graph, const char* type, const Test& test) {
  return has(graph, type) && std::all_of(graph.nodes.begin(), graph.nodes.end(), [&](const NirNode& node) {
           return node.type != type || test(node);
         });
}

bool all_ones(const Reals& values) {
  return !values.empty() && std::all_of(values.begin(), values.end(), is_one);
}

// Number by number a(x) of one parameter over another, which may be scalars; nothing where they do not fit.
template <class Function>
Reals combined(const NirNode& node, const char* a, const char* b, const Function& function) {
  const Reals first = reals(node, a), second = reals(node, b);
  if (first.empty() || second.empty()) return {};
  if (first.size() != second.size() && first.size() != 1 && second.size() != 1) return {};
  Reals result;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i)
    result.push_back(function(first[first.size() == 1 ? 0 : i], second[second.size() == 1 ? 0 : i]));
  return result;
}

// r dt / tau, what a step of Euler's rule takes of the input.
Reals gains(const NirNode& node, const char* tau, double dt) {
  return combined(node, "r", tau, [dt](double r, double t) { return r * dt / t; });
}

// Rockpool: r = tau exp(-dt / tau) / dt.
bool is_rockpool(const NirNode& node, const char* tau, double dt) {
  const Reals shares =
      combined(node, "r", tau, [dt](double r, double t) { return r * dt / t * std::exp(dt / t); });
  constexpr double tolerance = 1e-5;  // it computes in float32
  return !shares.empty() && std::all_of(shares.begin(), shares.end(),
                                        [](double share) { return std::abs(share - 1) <= tolerance; });
}

// Integers of Loihi: decays in 1/4096, thresholds and weights in 1/64, as Lava's exporter divides them.
bool is_multiple(const Reals& values, double of) {
  return !values.empty() && std::all_of(values.begin(), values.end(), [of](double value) {
    const double times = value / of;
    return std::abs(times - std::round(times)) <= 1e-4 + 4e-7 * std::abs(times);  // float32
  });
}
bool is_lava(const NirGraph& graph, double dt) {
  const auto decays = [dt](const NirNode& node, const char* tau) {
    Reals values = reals(node, tau);
    for (double& value : values) value = dt / value;
    return values;
  };
  const bool neurons = all(graph, "CubaLIF", [&](const NirNode& node) {
    return is_multiple(decays(node, "tau_mem"), 1.0 / 4096) &&
           is_multiple(decays(node, "tau_syn"), 1.0 / 4096) &&
           is_multiple(reals(node, "v_threshold"), 1.0 / 64);
  });
  bool any = false, whole = true;
  for (const NirNode& node : graph.nodes) {
    if (node.find("weight") == nullptr) continue;
    any = true;
    whole = whole && is_multiple(reals(node, "weight"), 1.0 / 64);
  }
  return neurons && any && whole;
}

// What the numbers speak for, type by type.
class Guess {
 public:
  Guess(const NirGraph& graph, std::optional<double> dt, bool reset_given, Notes& doubts)
      : graph_(graph), dt_(dt), reset_given_(reset_given), doubts_(doubts) {}

  const Dialect& run() const {
    if (all(graph_, "IF", [&](const NirNode& node) { return all_ones(per_step(reals(node, "r"))); }))
      return named("spikingjelly");
    if (has(graph_, "IF"))
      doubt(
          "an IF whose r is 1 resets to v_reset and fires once a step here; Sinabs writes the same and means "
          "subtraction and several spikes: --dialect sinabs, or the one that wrote the file");
    if (is_rockpools()) return named("rockpool");
    if (has(graph_, "CubaLIF")) {
      if (const Dialect* found = of_currents()) return *found;
    }
    if (all(graph_, "LIF", [&](const NirNode& node) { return all_ones(gains(node, "tau", dt())); })) {
      doubt(
          "r = tau / dt in every LIF, as snnTorch writes it; SpikingJelly without decay_input does too, and "
          "fires at the threshold: --dialect snntorch or spikingjelly");
      doubt_reset();
      return named("snntorch");
    }
    if (has(graph_, "LIF")) doubt_unit();
    return named("nir");
  }

 private:
  double dt() const { return dt_.value_or(named("nir").dt); }
  const Dialect& named(const char* name) const { return named_dialect(name); }
  void doubt(const std::string& what) const { doubts_.push_back({"dialect", what}); }

  Reals per_step(Reals r) const {
    for (double& value : r) value *= dt();
    return r;
  }

  bool is_rockpools() const {
    const double dt = dt_.value_or(named("rockpool").dt);
    const auto passes = [&](const char* type, const char* tau) {
      return !has(graph_, type) ||
             all(graph_, type, [&](const NirNode& node) { return is_rockpool(node, tau, dt); });
    };
    return (has(graph_, "LIF") || has(graph_, "CubaLIF")) && passes("LIF", "tau") &&
           passes("CubaLIF", "tau_mem");
  }

  const Dialect* of_currents() const {
    if (all(graph_, "CubaLIF", [&](const NirNode& node) { return all_ones(gains(node, "tau_mem", dt())); })) {
      if (is_lava(graph_, dt())) return &named("lava");
      doubt(
          "r = tau_mem / dt in every CubaLIF, as snnTorch writes it; Lava's exporter does too: --dialect "
          "snntorch or lava");
      doubt_reset();
      return &named("snntorch");
    }
    doubt_unit();
    return nullptr;
  }

  void doubt_reset() const {
    if (reset_given_) return;
    doubt(
        "snnTorch's exporter leaves out how neurons reset, and its importer takes zero; its own default is "
        "to subtract "
        "a step later: --reset zero, subtract or delayed");
  }
  void doubt_unit() const {
    doubt(fmt::format(
        "the file does not say what wrote it, nor how long a step is, {} here: --dialect and --dt do", dt()));
  }

  const NirGraph& graph_;
  std::optional<double> dt_;
  bool reset_given_;
  Notes& doubts_;
};

}  // namespace

const Dialect& guess_dialect(const NirGraph& graph, std::optional<double> dt, bool reset_given,
                             Notes& doubts) {
  return Guess(graph, dt, reset_given, doubts).run();
}

}  // namespace rheobase::nir
