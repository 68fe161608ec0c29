#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace rheobase {

/// One thing that is wrong with an input: where it was seen (a node, an option, a field) and what it is.
struct Fault {
  std::string where;
  std::string what;
};

/// What a user should know of an input that is no error: the same two parts, one printable line each.
using Notes = std::vector<Fault>;

/// Our bug: an invariant of the library does not hold.
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// Their input: a file, an option or an argument that cannot be used. Carries every fault that was found;
/// what() is one printable line, `source: where: what; where: what`.
class InputError : public std::runtime_error {
 public:
  InputError(std::string source, std::vector<Fault> faults);
  InputError(std::string source, std::string where, std::string what);

  /// The file, option or argument at fault.
  const std::string& source() const { return source_; }
  const std::vector<Fault>& faults() const { return faults_; }

 private:
  std::string source_;
  std::vector<Fault> faults_;
};

/// Throws InputError when `faults` is not empty.
void throw_if_any(const std::string& source, const std::vector<Fault>& faults);

}  // namespace rheobase
