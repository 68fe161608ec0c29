#pragma once

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>
#include <optional>
#include <string>
#include <vector>

namespace rheobase {

namespace po = boost::program_options;

/// What one command takes.
struct CommandSpec {
  std::string name;                     ///< `run`
  std::string summary;                  ///< a sentence or two for --help
  std::vector<std::string> positional;  ///< words that must be there, as help shows them: `MODEL.h5`
  std::string needed;                   ///< options that must be there, as help shows them: `--data SPEC`
  po::options_description options;      ///< without those that every command has
};

/// What was asked for.
class CommandLine {
 public:
  CommandLine(std::vector<std::string> positional, po::variables_map values)
      : positional_(std::move(positional)), values_(std::move(values)) {}

  const std::string& positional(std::size_t index) const { return positional_.at(index); }
  bool has(const std::string& option) const { return values_.count(option) > 0; }
  /// Whether it was asked for, and is not just the default.
  bool given(const std::string& option) const { return has(option) && !values_[option].defaulted(); }
  /// The value given, or the option's default.
  template <class T>
  T get(const std::string& option) const {
    return values_[option].as<T>();
  }
  bool flag(const std::string& option) const { return has(option); }
  bool quiet() const { return flag("quiet"); }
  /// As given, at least 1; without the option usable_cpus().
  int threads() const;

 private:
  std::vector<std::string> positional_;
  po::variables_map values_;
};

/// Parses `words`; prints help and returns nothing on --help. Throws InputError on words that the command
/// does not take.
std::optional<CommandLine> parse_command_line(const CommandSpec& spec, const std::vector<std::string>& words);

}  // namespace rheobase
