#include "experiments/sweep/sweep_spec.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/data/normalization.h"
#include "experiments/spec/toml_reader.h"
#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/stop/stop_policy.h"

namespace rheobase {
namespace {

using Faults = std::vector<Fault>;
using Reader = TomlReader;

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
  constexpr std::int64_t most = 1 << 20;
  for (const std::int64_t steps : or_default(reader.list<std::int64_t>("steps"), {32})) {
    if (steps < 2 || steps > most) {
      reader.fault("steps", fmt::format("{} is not between 2 and {}", steps, most));
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
  read_steps(reader, spec);
  read_samples(reader, spec);
  for (const TomlTable& policy : reader.tables("policy"))
    spec.policies.push_back(read_policy(policy, spec.policies.size(), faults));
  reader.refuse_others();
  return spec;
}

}  // namespace

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
