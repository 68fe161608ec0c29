#include "experiments/sweep/sweep_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "converters/passes/correction.h"
#include "converters/passes/spiking.h"
#include "converters/passes/thresholds.h"
#include "experiments/data/normalization.h"
#include "experiments/spec/toml_reader.h"
#include "neurons/multi_threshold.h"
#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/stop/stop_policy.h"

namespace rheobase {
namespace {

using Faults = std::vector<Fault>;
using Reader = TomlReader;

constexpr int most_steps = 1 << 20;

SweepPolicy read_policy(const TomlTable& table, std::size_t number, Faults& faults) {
  Reader reader(table, fmt::format("policy[{}].", number), faults);
  SweepPolicy policy;
  policy.name = reader.value<std::string>("name").value_or("");
  policy.alphas = or_default(reader.list<double>("alpha"), {1.0});
  policy.thresholds = reader.list<double>("threshold");
  policy.by_step = reader.value<bool>("by_step").value_or(false);
  reader.refuse_others();
  const std::size_t before = faults.size();
  reader.expect_one_of("name", {policy.name}, {"confidence", "margin", "entropy", "stable"});
  if (policy.by_step && (policy.name == "stable" || !policy.thresholds.empty()))
    reader.fault("by_step", "goes with a front of confidence, margin or entropy");
  if (faults.size() > before) return policy;
  for (const double alpha : policy.alphas) {
    const double sound = policy.name == "stable" ? 1.0 : 0.0;
    for (const double threshold : or_default(policy.thresholds, {sound})) {
      try {
        make_stop_policy({policy.name, alpha, threshold});
      } catch (const InputError& error) {
        reader.fault("", error.what());
      }
    }
  }
  return policy;
}

void read_steps(Reader& reader, SweepSpec& spec) {
  for (const std::int64_t steps : or_default(reader.list<std::int64_t>("steps"), {32})) {
    if (steps < 2 || steps > most_steps) {
      reader.fault("steps", fmt::format("{} is not between 2 and {}", steps, most_steps));
      continue;
    }
    spec.steps.push_back(static_cast<int>(steps));
  }
  std::sort(spec.steps.begin(), spec.steps.end());
  spec.steps.erase(std::unique(spec.steps.begin(), spec.steps.end()), spec.steps.end());
}

void read_samples(Reader& reader, SweepSpec& spec) {
  spec.split = reader.value<std::string>("split").value_or("test");
  reader.expect_one_of("split", {spec.split}, {"test", "train"});
  spec.offset = reader.value<std::int64_t>("offset").value_or(0);
  if (spec.offset < 0) reader.fault("offset", "is negative");
  spec.limit = reader.value<std::int64_t>("limit");
  if (spec.limit && *spec.limit < 1) reader.fault("limit", "expected 1 or more");
  spec.seed = reader.value<std::int64_t>("seed").value_or(0);
  if (spec.seed < 0) reader.fault("seed", "is negative");
}

// What `check` refuses is a fault of the key.
template <class Value>
void expect_sound(Reader& reader, const char* key, const std::vector<Value>& values,
                  const std::function<void(const Value&)>& check) {
  for (const Value& value : values) {
    try {
      check(value);
    } catch (const InputError& error) {
      reader.fault(key, error.what());
    }
  }
}

void read_calibration(Reader& reader, SweepSpec& spec, Faults& faults) {
  Reader own(reader.table("calibration"), "calibration.", faults);
  SweepCalibration& from = spec.calibration;
  const auto data = own.value<std::string>("data");
  const auto split = own.value<std::string>("split");
  const auto samples = own.value<std::int64_t>("samples");
  const auto steps = own.value<std::int64_t>("steps");
  own.refuse_others();
  if (!data && (split || samples || steps)) own.fault("data", "is missing: which samples");
  from.data = data.value_or("");
  from.split = split.value_or(from.split);
  own.expect_one_of("split", {from.split}, {"test", "train"});
  from.samples = samples.value_or(from.samples);
  if (from.samples < 1) own.fault("samples", "expected 1 or more");
  if (steps && (*steps < 1 || *steps > most_steps))
    own.fault("steps", fmt::format("{} is not between 1 and {}", *steps, most_steps));
  else if (steps)
    from.steps = static_cast<int>(*steps);
}

// How .onnx models become spiking networks.
void read_conversion(Reader& reader, SweepSpec& spec, Faults& faults) {
  spec.methods = or_default(reader.list<std::string>("method"), spec.methods);
  reader.expect_one_of("method", spec.methods, {"auto", "if", "signed", "mt", "sigma-delta"});
  spec.levels = reader.list<std::int64_t>("levels");
  for (const std::int64_t levels : spec.levels) {
    if (levels < 1 || levels > most_levels)
      reader.fault("levels", fmt::format("{} is not between 1 and {}", levels, most_levels));
  }
  spec.thresholds = or_default(reader.list<std::string>("threshold"), spec.thresholds);
  expect_sound<std::string>(reader, "threshold", spec.thresholds, [](const std::string& rule) {
    if (rule != "auto") parse_threshold_rule(rule);
  });
  spec.corrections = or_default(reader.list<std::string>("calibrate"), spec.corrections);
  expect_sound<std::string>(reader, "calibrate", spec.corrections, parse_correction);
  read_calibration(reader, spec, faults);
}

// Keys that no model or no sample is there for.
void expect_conversion_used(Reader& reader, const SweepSpec& spec) {
  const SweepSpec none;
  const bool converts = std::any_of(spec.models.begin(), spec.models.end(), is_converted);
  const auto expect = [&](const char* key, bool given, bool samples) {
    if (given && !converts) reader.fault(key, "is for .onnx models, and there is none");
    if (given && converts && samples && spec.calibration.data.empty())
      reader.fault(key, "takes samples: [calibration] data");
  };
  expect("method", spec.methods != none.methods, false);
  expect("levels", spec.levels != none.levels, false);
  expect("threshold", spec.thresholds != none.thresholds, true);
  expect("calibrate", spec.corrections != none.corrections, true);
  expect("calibration", !spec.calibration.data.empty(), false);
}

void read_delays(Reader& reader, SweepSpec& spec) {
  std::vector<std::int64_t> delays = or_default(reader.list<std::int64_t>("readout_delay"), {0});
  spec.readout_delays.clear();
  for (const std::int64_t delay : delays) {
    const int shortest = spec.steps.empty() ? most_steps : spec.steps.front();
    if (delay < 0 || delay > shortest - 2)
      reader.fault("readout_delay", fmt::format("{} is not between 0 and {}, which leaves two of {} steps",
                                                delay, shortest - 2, shortest));
    else
      spec.readout_delays.push_back(static_cast<int>(delay));
  }
}

SweepSpec read_spec(const TomlTable& table, Faults& faults) {
  Reader reader(table, "", faults);
  SweepSpec spec;
  spec.models = reader.list<std::string>("models");
  if (spec.models.empty()) reader.fault("models", "names no model");
  spec.data = reader.list<std::string>("data");
  if (spec.data.empty()) reader.fault("data", "names no data set");
  spec.arithmetic = or_default(reader.list<std::string>("arithmetic"), {"float32"});
  reader.expect_one_of("arithmetic", spec.arithmetic, {"float32", "fixed"});
  spec.coding = reader.list<std::string>("coding");
  reader.expect_one_of("coding", spec.coding, {"direct", "poisson", "events"});
  const auto normalize = reader.value<std::string>("normalize");
  spec.normalize_given = normalize.has_value();
  spec.normalize = normalize.value_or("none");
  try {
    normalization_preset(spec.normalize);
  } catch (const InputError& error) {
    reader.fault("normalize", error.what());
  }
  read_conversion(reader, spec, faults);
  expect_conversion_used(reader, spec);
  read_steps(reader, spec);
  read_delays(reader, spec);
  read_samples(reader, spec);
  for (const TomlTable& policy : reader.tables("policy"))
    spec.policies.push_back(read_policy(policy, spec.policies.size(), faults));
  reader.refuse_others();
  return spec;
}

}  // namespace

bool is_converted(const std::string& model) { return model.ends_with(".onnx"); }

SweepSpec read_sweep_spec(const std::string& path) {
  const TomlTable table = read_toml(path);
  Faults faults;
  SweepSpec spec = read_spec(table, faults);
  throw_if_any(path, faults);
  spec.path = path;
  spec.text = read_file(path, max_text_bytes);
  return spec;
}

}  // namespace rheobase
