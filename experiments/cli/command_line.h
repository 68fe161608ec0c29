#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace rheobase {

/// A text, a whole number or a real.
using OptionValue = std::variant<std::string, std::int64_t, double>;

/// What stands behind an option.
struct OptionArgument {
  std::string shown;                          ///< in help: `FILE.h5`
  OptionValue type;                           ///< any value of the type
  std::optional<OptionValue> otherwise = {};  ///< the value of an option that is not given
};

OptionArgument text_argument(std::string shown, std::optional<std::string> otherwise = {});
OptionArgument whole_argument(std::string shown, std::optional<std::int64_t> otherwise = {});
OptionArgument real_argument(std::string shown, std::optional<double> otherwise = {});

/// An option; without an argument it is a flag.
struct Option {
  std::string name;  ///< without the hyphens
  std::optional<OptionArgument> argument;
  std::string help;
};

/// What one command takes. command_line.cpp alone knows the library that parses.
struct CommandSpec {
  std::string name;                     ///< `run`
  std::string summary;                  ///< a sentence or two for --help
  std::vector<std::string> positional;  ///< words that must be there, as help shows them: `MODEL.h5`
  std::string needed;                   ///< options that must be there, as help shows them: `--data SPEC`
  std::vector<Option> options = {};     ///< without those that every command has

  void add(std::string option, OptionArgument argument, std::string help);
  void add_flag(std::string option, std::string help);
};

/// What was asked for.
class CommandLine {
 public:
  using Values = std::map<std::string, OptionValue>;

  /// `values`: of every option that is given or has a default; of a flag any. `given`: those asked for.
  CommandLine(std::vector<std::string> positional, Values values, std::set<std::string> given)
      : positional_(std::move(positional)), values_(std::move(values)), given_(std::move(given)) {}

  const std::string& positional(std::size_t index) const { return positional_.at(index); }
  bool has(const std::string& option) const { return values_.contains(option); }
  /// Whether it was asked for, and is not just the default.
  bool given(const std::string& option) const { return given_.contains(option); }
  /// The value given, or the option's default. T is the type of the option's argument.
  template <class T>
  const T& get(const std::string& option) const {
    return std::get<T>(values_.at(option));
  }
  bool flag(const std::string& option) const { return has(option); }
  bool quiet() const { return flag("quiet"); }
  /// As given, at least 1; without the option usable_cpus().
  int threads() const;

 private:
  std::vector<std::string> positional_;
  Values values_;
  std::set<std::string> given_;
};

/// Parses `words`; prints help and returns nothing on --help. Throws InputError on words that the command
/// does not take.
std::optional<CommandLine> parse_command_line(const CommandSpec& spec, const std::vector<std::string>& words);

}  // namespace rheobase
