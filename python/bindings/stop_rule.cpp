#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nanobind/operators.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include <variant>

#include "python/bindings/bindings.h"
#include "sim/core/error.h"
#include "sim/stop/stop_policy.h"

namespace rheobase::python {
namespace {

using namespace nb::literals;

/// One for all steps, or those of steps 1, 2, ..., of which the last holds on.
using Thresholds = std::variant<double, std::vector<double>>;

// What the rule does not look at would seem to have had an effect.
void expect_used(const std::string& policy, bool threshold, bool alpha) {
  if (policy == "never" && threshold) throw InputError("threshold", "", "does nothing with the policy never");
  if (policy == "never" && alpha) throw InputError("alpha", "", "does nothing with the policy never");
  if (policy == "stable" && alpha)
    throw InputError("alpha", "", "does nothing with the policy stable, which looks at answers alone");
}

StopSettings make_rule(const std::string& policy, const std::optional<Thresholds>& threshold,
                       std::optional<double> alpha, int readout_delay) {
  expect_used(policy, threshold.has_value(), alpha.has_value());
  StopSettings rule{policy};
  rule.alpha = alpha.value_or(rule.alpha);
  rule.readout_delay = readout_delay;
  if (threshold && std::holds_alternative<double>(*threshold)) {
    rule.threshold = std::get<double>(*threshold);
  } else if (threshold) {
    rule.early_thresholds = std::get<std::vector<double>>(*threshold);
    if (rule.early_thresholds.empty()) throw InputError("threshold", "", "expected one or more");
    rule.threshold = rule.early_thresholds.back();
    rule.early_thresholds.pop_back();
  }
  const bool missing = policy != "never" && !threshold;
  if (missing) rule.threshold = 1.0;  // sound for every policy: what is said first is a wrong name
  make_stop_policy(rule);
  if (missing) throw InputError("threshold", "", fmt::format("is missing: the policy {} needs it", policy));
  return rule;
}

Thresholds thresholds_of(const StopSettings& rule) {
  if (rule.early_thresholds.empty()) return rule.threshold;
  std::vector<double> all = rule.early_thresholds;
  all.push_back(rule.threshold);
  return all;
}

std::string repr(const StopSettings& rule) {
  std::string text = fmt::format("rheobase.StopRule('{}'", rule.policy);
  if (rule.policy != "never") {
    const Thresholds thresholds = thresholds_of(rule);
    text += std::holds_alternative<double>(thresholds)
                ? fmt::format(", threshold={}", std::get<double>(thresholds))
                : fmt::format(", threshold=[{}]", fmt::join(std::get<std::vector<double>>(thresholds), ", "));
  }
  if (rule.policy != "never" && rule.policy != "stable") text += fmt::format(", alpha={}", rule.alpha);
  if (rule.readout_delay > 0) text += fmt::format(", readout_delay={}", rule.readout_delay);
  return text + ")";
}

constexpr const char* class_doc =
    R"(Decides after every step, from the logits summed so far, whether a sample is done.

policy      what is compared with the threshold, float32 in one fixed order of operations:

            - ``confidence``: max softmax(sum / alpha) > threshold, 0 to 1
            - ``margin``: (largest - second largest of sum) / alpha > threshold, 0 to 1e30
            - ``entropy``: entropy of softmax(sum / alpha) / ln K < threshold, 0 to 1
            - ``stable``: the same answer for ``threshold`` = 1, 2, ... steps in a row
            - ``never``: every sample runs all its steps
threshold   a number, or a list: of steps 1, 2, ..., the last for all later ones
alpha       scale of the summed logits, more than 0; 1 by default
readout_delay
            steps before the logits begin to add up, in which no sample stops; not of sigma-delta networks

Raises InputError for what the policy does not take.)";

}  // namespace

void bind_stop_rule(nb::module_& module) {
  nb::class_<StopSettings>(module, "StopRule", class_doc)
      .def(
          "__init__",
          [](StopSettings* self, const std::string& policy, const std::optional<Thresholds>& threshold,
             std::optional<double> alpha, int readout_delay) {
            new (self) StopSettings(make_rule(policy, threshold, alpha, readout_delay));
          },
          "policy"_a, "threshold"_a = nb::none(), "alpha"_a = nb::none(), "readout_delay"_a = 0,
          nb::sig(
              "def __init__(self, policy: str, threshold: float | collections.abc.Sequence[float] | None = "
              "None, alpha: float | None = None, readout_delay: int = 0) -> None"))
      .def_ro("policy", &StopSettings::policy, "Its name.")
      .def_prop_ro("threshold", &thresholds_of,
                   "One number, or a list: of steps 1, 2, ..., the last for all later ones.")
      .def_ro("alpha", &StopSettings::alpha, "Scale of the summed logits.")
      .def_ro("readout_delay", &StopSettings::readout_delay, "Steps before the logits begin to add up.")
      .def(nb::self == nb::self, nb::sig("def __eq__(self, other: object, /) -> bool"))
      .def("__repr__", &repr);
}

}  // namespace rheobase::python
