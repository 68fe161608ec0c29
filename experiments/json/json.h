#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace rheobase {

/// A text that is no JSON, or a value of another kind than the one asked for.
class JsonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A JSON value; objects keep the order in which their keys came. json.cpp alone knows the library that reads
/// and writes the text.
class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;
  using Members = std::initializer_list<std::pair<std::string, Json>>;

  Json(std::nullptr_t = nullptr) {}
  Json(bool value) : value_(value) {}
  Json(int value) : value_(std::int64_t{value}) {}
  Json(std::int64_t value) : value_(value) {}
  Json(std::uint64_t value);
  Json(double value) : value_(value) {}  ///< written as null where it is not finite
  Json(std::string text) : value_(std::move(text)) {}
  Json(std::string_view text) : value_(std::string(text)) {}
  Json(const char* text) : value_(std::string(text)) {}
  Json(Members members) : value_(Object(members)) {}
  template <class T>
  Json(const std::vector<T>& values) : value_(Array(values.begin(), values.end())) {}
  /// An array of two.
  template <class A, class B>
  Json(const std::pair<A, B>& pair) : value_(Array{Json(pair.first), Json(pair.second)}) {}

  static Json array() { return Array(); }
  static Json object() { return Members(); }
  /// Throws JsonError.
  static Json parse(std::string_view text);
  /// In one line, or indented by `indent` spaces. Bytes that are no UTF-8 are replaced: paths may hold them.
  std::string dump(int indent = -1) const;

  /// A member; null and new where it was absent. A null becomes an object.
  Json& operator[](std::string_view key);
  /// A null becomes an array.
  void push_back(Json value);

  /// A member, nullptr where there is none. Throws JsonError where this is no object.
  const Json* find(std::string_view key) const;
  /// A member that must be there. Throws JsonError.
  const Json& at(std::string_view key) const;
  /// Throws JsonError where this is no array.
  const Array& elements() const;
  /// T: bool, int, std::int64_t, std::uint64_t, double, std::string. Throws JsonError.
  template <class T>
  T as() const;
  /// All elements of an array.
  template <class T>
  std::vector<T> as_list() const {
    std::vector<T> values;
    for (const Json& element : elements()) values.push_back(element.as<T>());
    return values;
  }

  bool operator==(const Json& other) const = default;

 private:
  friend struct JsonText;
  std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Array, Object> value_;
};

}  // namespace rheobase
