#include "sim/core/error.h"

#include <utility>

namespace rheobase {
namespace {

// Names come from files of unknown origin: a message must stay one printable line whatever they hold.
std::string one_line(std::string text) {
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';
  }
  return text;
}

std::string join(const std::string& source, const std::vector<Fault>& faults) {
  std::string text = source;
  const char* separator = source.empty() ? "" : ": ";
  for (const Fault& fault : faults) {
    text += separator;
    if (!fault.where.empty()) text += fault.where + ": ";
    text += fault.what;
    separator = "; ";
  }
  return one_line(std::move(text));
}

}  // namespace

InputError::InputError(std::string source, std::vector<Fault> faults)
    : std::runtime_error(join(source, faults)), source_(std::move(source)), faults_(std::move(faults)) {}

InputError::InputError(std::string source, std::string where, std::string what)
    : InputError(std::move(source), {Fault{std::move(where), std::move(what)}}) {}

void throw_if_any(const std::string& source, const std::vector<Fault>& faults) {
  if (!faults.empty()) throw InputError(source, faults);
}

}  // namespace rheobase
