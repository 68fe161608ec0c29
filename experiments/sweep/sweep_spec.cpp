#include "experiments/sweep/sweep_spec.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <set>

#include "experiments/data/normalization.h"
#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/stop/stop_policy.h"

namespace rheobase {
namespace {

using Faults = std::vector<Fault>;

template <class T>
constexpr const char* kind = "";
template <>
constexpr const char* kind<std::string> = "a text";
template <>
constexpr const char* kind<double> = "a number";
template <>
constexpr const char* kind<std::int64_t> = "a whole number";
template <>
constexpr const char* kind<bool> = "true or false";

// Reads one table; what is wrong goes to the faults.
class Reader {
 public:
  Reader(const toml::table& table, std::string where, Faults& faults)
      : table_(table), where_(std::move(where)), faults_(faults) {}

  template <class T>
  std::optional<T> value(const char* key) {
    known_.insert(key);
    const toml::node* const node = table_.get(key);
    if (node == nullptr) return std::nullopt;
    auto found = node->value<T>();
    if (!found) fault(key, fmt::format("expected {}", kind<T>));
    return found;
  }

  // One value or a list of them.
  template <class T>
  std::vector<T> list(const char* key) {
    const toml::node* const node = table_.get(key);
    const toml::array* const array = node != nullptr ? node->as_array() : nullptr;
    if (array == nullptr) {
      const auto one = value<T>(key);
      return one ? std::vector<T>{*one} : std::vector<T>{};
    }
    known_.insert(key);
    std::vector<T> values;
    for (const toml::node& element : *array) {
      const auto found = element.value<T>();
      if (!found) {
        fault(key, fmt::format("expected {} in the list", kind<T>));
        break;
      }
      values.push_back(*found);
    }
    return values;
  }

  const toml::array* tables(const char* key) {
    known_.insert(key);
    const toml::node* const node = table_.get(key);
    if (node == nullptr) return nullptr;
    const toml::array* const array = node->as_array();
    if (array == nullptr || !array->is_homogeneous(toml::node_type::table)) {
      fault(key, fmt::format("expected tables, [[{}]]", key));
      return nullptr;
    }
    return array;
  }

  void refuse_others() {
    for (const auto& [key, _] : table_) {
      if (!known_.contains(std::string(key.str()))) fault(std::string(key.str()), "unknown key");
    }
  }

  void fault(const std::string& key, const std::string& what) { faults_.push_back({where_ + key, what}); }

  void expect_one_of(const char* key, const std::vector<std::string>& values,
                     const std::vector<std::string>& choices) {
    for (const std::string& value : values) {
      if (std::find(choices.begin(), choices.end(), value) == choices.end())
        fault(key, fmt::format("'{}' is none of {}", value, fmt::join(choices, ", ")));
    }
  }

 private:
  const toml::table& table_;
  std::string where_;
  Faults& faults_;
  std::set<std::string> known_;
};

template <class T>
std::vector<T> or_default(std::vector<T> values, std::vector<T> otherwise) {
  return values.empty() ? std::move(otherwise) : std::move(values);
}

SweepPolicy read_policy(const toml::table& table, std::size_t number, Faults& faults) {
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

SweepSpec read_spec(const toml::table& table, Faults& faults) {
  Reader reader(table, "", faults);
  SweepSpec spec;
  spec.models = reader.list<std::string>("models");
  if (spec.models.empty()) reader.fault("models", "names no model");
  spec.data = reader.list<std::string>("data");
  if (spec.data.empty()) reader.fault("data", "names no data set");
  spec.arithmetic = or_default(reader.list<std::string>("arithmetic"), {"float32"});
  reader.expect_one_of("arithmetic", spec.arithmetic, {"float32", "fixed"});
  spec.coding = or_default(reader.list<std::string>("coding"), {"direct"});
  reader.expect_one_of("coding", spec.coding, {"direct", "poisson"});
  spec.normalize = reader.value<std::string>("normalize").value_or("none");
  try {
    normalization_preset(spec.normalize);
  } catch (const InputError& error) {
    reader.fault("normalize", error.what());
  }
  read_steps(reader, spec);
  read_samples(reader, spec);
  if (const toml::array* const policies = reader.tables("policy")) {
    for (std::size_t i = 0; i < policies->size(); ++i)
      spec.policies.push_back(read_policy(*policies->get(i)->as_table(), i, faults));
  }
  reader.refuse_others();
  return spec;
}

}  // namespace

SweepSpec read_sweep_spec(const std::string& path) {
  const std::string text = read_file(path);
  toml::table table;
  try {
    table = toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    throw InputError(path, fmt::format("line {}", error.source().begin.line),
                     std::string(error.description()));
  }
  Faults faults;
  SweepSpec spec = read_spec(table, faults);
  throw_if_any(path, faults);
  spec.text = text;
  return spec;
}

}  // namespace rheobase
