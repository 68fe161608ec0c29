#include "experiments/data/normalization.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <map>
#include <string_view>

#include "sim/core/error.h"

namespace rheobase {
namespace {

// Of the training sets: the numbers that published models were trained with.
const std::map<std::string, Normalization>& presets() {
  static const std::map<std::string, Normalization> table{
      {"none", {}},
      {"cifar10", {{0.4914F, 0.4822F, 0.4465F}, {0.2470F, 0.2435F, 0.2616F}}},
      {"cifar100", {{0.5071F, 0.4865F, 0.4409F}, {0.2673F, 0.2564F, 0.2762F}}},
      {"mnist", {{0.1307F}, {0.3081F}}},
      {"fashion-mnist", {{0.2860F}, {0.3530F}}},
      {"imagenet", {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}}}};
  return table;
}

[[noreturn]] void refuse(const std::string& text, const std::string& what) {
  throw InputError("normalization", fmt::format("'{}'", text), what);
}

std::vector<float> numbers(const std::string& text, std::string_view list) {
  std::vector<float> values;
  for (;;) {
    const std::string_view word = list.substr(0, list.find(','));
    float value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(value)) {
      refuse(text, fmt::format("'{}' is not a number", word));
    }
    values.push_back(value);
    if (word.size() == list.size()) return values;
    list.remove_prefix(word.size() + 1);
  }
}

}  // namespace

Normalization normalization_preset(const std::string& text) {
  if (const auto found = presets().find(text); found != presets().end()) return found->second;
  const std::size_t middle = text.find(';');
  if (middle == std::string::npos) {
    std::string names;
    for (const auto& [name, values] : presets()) names += name + " ";
    refuse(text, fmt::format("unknown (known: {}or mean,mean,...;std,std,...)", names));
  }
  const std::string_view all = text;
  Normalization result{numbers(text, all.substr(0, middle)), numbers(text, all.substr(middle + 1))};
  if (result.mean.size() != result.std.size()) {
    refuse(text, fmt::format("{} means and {} deviations", result.mean.size(), result.std.size()));
  }
  for (const float value : result.std) {
    if (value <= 0) refuse(text, fmt::format("deviation {}, expected more than 0", value));
  }
  return result;
}

}  // namespace rheobase
