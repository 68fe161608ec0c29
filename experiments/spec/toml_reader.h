#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/core/error.h"

namespace rheobase {

/// Throws InputError naming the file, and the line of a mistake.
toml::table read_toml(const std::string& path);

template <class T>
inline constexpr const char* toml_kind = "";
template <>
inline constexpr const char* toml_kind<std::string> = "a text";
template <>
inline constexpr const char* toml_kind<double> = "a number";
template <>
inline constexpr const char* toml_kind<std::int64_t> = "a whole number";
template <>
inline constexpr const char* toml_kind<bool> = "true or false";

/// Reads one table; what is wrong goes to the faults.
class TomlReader {
 public:
  TomlReader(const toml::table& table, std::string where, std::vector<Fault>& faults)
      : table_(table), where_(std::move(where)), faults_(faults) {}

  template <class T>
  std::optional<T> value(const char* key) {
    known_.insert(key);
    const toml::node* const node = table_.get(key);
    if (node == nullptr) return std::nullopt;
    auto found = node->value<T>();
    if (!found) fault(key, fmt::format("expected {}", toml_kind<T>));
    return found;
  }

  /// One value or a list of them.
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
        fault(key, fmt::format("expected {} in the list", toml_kind<T>));
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

  /// A table of its own; an empty one where the key is absent.
  toml::table table(const char* key) {
    known_.insert(key);
    const toml::node* const node = table_.get(key);
    if (node == nullptr) return {};
    if (const toml::table* const found = node->as_table()) return *found;
    fault(key, fmt::format("expected a table, [{}]", key));
    return {};
  }

  /// Call when every known key has been read.
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
  std::vector<Fault>& faults_;
  std::set<std::string> known_;
};

template <class T>
std::vector<T> or_default(std::vector<T> values, std::vector<T> otherwise) {
  return values.empty() ? std::move(otherwise) : std::move(values);
}

}  // namespace rheobase
