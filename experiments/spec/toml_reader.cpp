#include "experiments/spec/toml_reader.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

#include "sim/core/file.h"

namespace rheobase {
namespace {

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

}  // namespace

struct TomlTable::Content {
  toml::table table;
};

TomlTable::TomlTable() : content_(std::make_shared<const Content>()) {}

TomlTable read_toml(const std::string& path) {
  const std::string text = read_file(path, max_text_bytes);
  try {
    return TomlTable(std::make_shared<const TomlTable::Content>(TomlTable::Content{toml::parse(text, path)}));
  } catch (const toml::parse_error& error) {
    throw InputError(path, fmt::format("line {}", error.source().begin.line),
                     std::string(error.description()));
  }
}

template <class T>
std::optional<T> TomlReader::value(const char* key) {
  known_.insert(key);
  const toml::node* const node = table_.content().table.get(key);
  if (node == nullptr) return std::nullopt;
  auto found = node->value<T>();
  if (!found) fault(key, fmt::format("expected {}", kind<T>));
  return found;
}

template std::optional<std::string> TomlReader::value(const char* key);
template std::optional<double> TomlReader::value(const char* key);
template std::optional<std::int64_t> TomlReader::value(const char* key);
template std::optional<bool> TomlReader::value(const char* key);

template <class T>
std::vector<T> TomlReader::list(const char* key) {
  const toml::node* const node = table_.content().table.get(key);
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

template std::vector<std::string> TomlReader::list(const char* key);
template std::vector<double> TomlReader::list(const char* key);
template std::vector<std::int64_t> TomlReader::list(const char* key);

std::vector<TomlTable> TomlReader::tables(const char* key) {
  known_.insert(key);
  const toml::node* const node = table_.content().table.get(key);
  if (node == nullptr) return {};
  const toml::array* const array = node->as_array();
  if (array == nullptr || !array->is_homogeneous(toml::node_type::table)) {
    fault(key, fmt::format("expected tables, [[{}]]", key));
    return {};
  }
  std::vector<TomlTable> tables;
  for (const toml::node& element : *array)
    tables.emplace_back(std::make_shared<const TomlTable::Content>(TomlTable::Content{*element.as_table()}));
  return tables;
}

TomlTable TomlReader::table(const char* key) {
  known_.insert(key);
  const toml::node* const node = table_.content().table.get(key);
  if (node == nullptr) return {};
  if (const toml::table* const found = node->as_table())
    return TomlTable(std::make_shared<const TomlTable::Content>(TomlTable::Content{*found}));
  fault(key, fmt::format("expected a table, [{}]", key));
  return {};
}

void TomlReader::refuse_others() {
  for (const auto& [key, _] : table_.content().table) {
    if (!known_.contains(std::string(key.str()))) fault(std::string(key.str()), "unknown key");
  }
}

void TomlReader::expect_one_of(const char* key, const std::vector<std::string>& values,
                               const std::vector<std::string>& choices) {
  std::string known;
  for (const std::string& choice : choices) known += (known.empty() ? "" : ", ") + choice;
  for (const std::string& value : values) {
    if (std::find(choices.begin(), choices.end(), value) == choices.end())
      fault(key, fmt::format("'{}' is none of {}", value, known));
  }
}

}  // namespace rheobase
