#include "experiments/json/json.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

namespace rheobase {

using Library = nlohmann::ordered_json;

// To the library's form and back.
struct JsonText {
  static Library to_library(const Json& json) {
    return std::visit([](const auto& value) { return converted(value); }, json.value_);
  }

  static Json from_library(const Library& json) {
    switch (json.type()) {
      case Library::value_t::boolean:
        return json.get<bool>();
      case Library::value_t::number_integer:
        return json.get<std::int64_t>();
      case Library::value_t::number_unsigned:
        return json.get<std::uint64_t>();
      case Library::value_t::number_float:
        return json.get<double>();
      case Library::value_t::string:
        return json.get<std::string>();
      case Library::value_t::array: {
        Json array = Json::array();
        for (const Library& element : json) array.push_back(from_library(element));
        return array;
      }
      case Library::value_t::object: {
        Json object = Json::object();
        for (const auto& [key, value] : json.items()) object[key] = from_library(value);
        return object;
      }
      default:
        return nullptr;
    }
  }

 private:
  template <class T>
  static Library converted(const T& value) {
    return value;
  }

  static Library converted(const Json::Array& values) {
    Library array = Library::array();
    for (const Json& value : values) array.push_back(to_library(value));
    return array;
  }

  static Library converted(const Json::Object& members) {
    Library object = Library::object();
    for (const auto& [key, value] : members) object.push_back({key, to_library(value)});
    return object;
  }
};

Json::Json(std::uint64_t value) {
  // One form of a number, so that what was written equals what is read.
  if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    value_ = static_cast<std::int64_t>(value);
  } else {
    value_ = value;
  }
}

Json Json::parse(std::string_view text) {
  try {
    return JsonText::from_library(Library::parse(text));
  } catch (const nlohmann::json::exception& error) {
    throw JsonError(error.what());
  }
}

std::string Json::dump(int indent) const {
  return JsonText::to_library(*this).dump(indent, ' ', false, Library::error_handler_t::replace);
}

Json& Json::operator[](std::string_view key) {
  if (std::holds_alternative<std::nullptr_t>(value_)) value_ = Object();
  if (!std::holds_alternative<Object>(value_)) throw JsonError("is no object");
  Object& members = std::get<Object>(value_);
  const auto same = [&](const auto& member) { return member.first == key; };
  const auto found = std::find_if(members.begin(), members.end(), same);
  if (found != members.end()) return found->second;
  return members.emplace_back(std::string(key), nullptr).second;
}

void Json::push_back(Json value) {
  if (std::holds_alternative<std::nullptr_t>(value_)) value_ = Array();
  if (!std::holds_alternative<Array>(value_)) throw JsonError("is no array");
  std::get<Array>(value_).push_back(std::move(value));
}

const Json* Json::find(std::string_view key) const {
  const auto* const members = std::get_if<Object>(&value_);
  if (members == nullptr) throw JsonError("is no object, expected one with '" + std::string(key) + "'");
  const auto same = [&](const auto& member) { return member.first == key; };
  const auto found = std::find_if(members->begin(), members->end(), same);
  return found == members->end() ? nullptr : &found->second;
}

const Json& Json::at(std::string_view key) const {
  if (const Json* const found = find(key)) return *found;
  throw JsonError("has no '" + std::string(key) + "'");
}

const Json::Array& Json::elements() const {
  if (const auto* const found = std::get_if<Array>(&value_)) return *found;
  throw JsonError("is no array: " + dump());
}

template <>
bool Json::as() const {
  if (const auto* const found = std::get_if<bool>(&value_)) return *found;
  throw JsonError("is neither true nor false: " + dump());
}

template <>
std::int64_t Json::as() const {
  if (const auto* const found = std::get_if<std::int64_t>(&value_)) return *found;
  throw JsonError("is no whole number in range: " + dump());
}

template <>
int Json::as() const {
  const auto value = as<std::int64_t>();
  if (value == static_cast<int>(value)) return static_cast<int>(value);
  throw JsonError("is out of range: " + dump());
}

template <>
std::uint64_t Json::as() const {
  if (const auto* const found = std::get_if<std::uint64_t>(&value_)) return *found;
  const auto value = as<std::int64_t>();
  if (value >= 0) return static_cast<std::uint64_t>(value);
  throw JsonError("is negative: " + dump());
}

template <>
double Json::as() const {
  if (const auto* const found = std::get_if<double>(&value_)) return *found;
  if (std::holds_alternative<std::uint64_t>(value_))
    return static_cast<double>(std::get<std::uint64_t>(value_));
  if (std::holds_alternative<std::int64_t>(value_))
    return static_cast<double>(std::get<std::int64_t>(value_));
  throw JsonError("is no number: " + dump());
}

template <>
std::string Json::as() const {
  if (const auto* const found = std::get_if<std::string>(&value_)) return *found;
  throw JsonError("is no text: " + dump());
}

}  // namespace rheobase
