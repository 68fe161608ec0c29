#include "experiments/cli/command_line.h"

#include <fmt/format.h>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/variables_map.hpp>
#include <sstream>

#include "experiments/cli/output.h"
#include "sim/core/error.h"
#include "sim/core/parallel.h"

namespace rheobase {
namespace {

namespace po = boost::program_options;

std::string usage(const CommandSpec& spec) {
  std::string text = fmt::format("rheobase {}", spec.name);
  for (const std::string& word : spec.positional) text += " " + word;
  if (!spec.needed.empty()) text += " " + spec.needed;
  return text;
}

// The library's form of an argument of type T.
template <class T>
po::typed_value<T>* semantic_of(const OptionArgument& argument) {
  auto* const semantic = po::value<T>()->value_name(argument.shown);
  return argument.otherwise ? semantic->default_value(std::get<T>(*argument.otherwise)) : semantic;
}

void add_to(po::options_description& target, const Option& option) {
  auto add = target.add_options();
  if (!option.argument) {
    add(option.name.c_str(), option.help.c_str());
    return;
  }
  const auto add_value = [&](const auto& type) {
    add(option.name.c_str(), semantic_of<std::decay_t<decltype(type)>>(*option.argument),
        option.help.c_str());
  };
  std::visit(add_value, option.argument->type);
}

CommandSpec common_options() {
  CommandSpec common;
  common.add_flag("help", "show this text");
  common.add_flag("quiet", "say nothing but results and errors");
  common.add("threads", whole_argument("N"),
             "threads to use (default: one per CPU that the process may run on)");
  return common;
}

po::options_description described(const std::string& caption, const std::vector<Option>& options) {
  po::options_description description(caption);
  for (const Option& option : options) add_to(description, option);
  return description;
}

po::options_description all_options(const CommandSpec& spec) {
  po::options_description all;
  if (!spec.options.empty()) all.add(described("Options of " + spec.name, spec.options));
  all.add(described("Options of every command", common_options().options));
  return all;
}

void print_help(const CommandSpec& spec) {
  std::ostringstream text;
  text << "usage: " << usage(spec) << " [options]\n\n" << spec.summary << "\n" << all_options(spec);
  write_stdout(text.str());
}

po::variables_map parse_words(const CommandSpec& spec, const std::vector<std::string>& words) {
  po::options_description options = all_options(spec);
  options.add_options()("positional", po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add("positional", -1);
  // Abbreviations would change meaning when an option is added.
  const int style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
  po::variables_map values;
  try {
    po::store(po::command_line_parser(words).options(options).positional(positional).style(style).run(),
              values);
    po::notify(values);
  } catch (const po::error& error) {
    throw InputError(spec.name, "", error.what());
  }
  return values;
}

OptionValue value_of(const po::variable_value& value) {
  if (const auto* const text = boost::any_cast<std::string>(&value.value())) return *text;
  if (const auto* const whole = boost::any_cast<std::int64_t>(&value.value())) return *whole;
  if (const auto* const real = boost::any_cast<double>(&value.value())) return *real;
  return {};  // a flag
}

CommandLine line_of(std::vector<std::string> positional, const po::variables_map& values) {
  CommandLine::Values found;
  std::set<std::string> given;
  for (const auto& [name, value] : values) {
    if (name == "positional") continue;
    found.emplace(name, value_of(value));
    if (!value.defaulted()) given.insert(name);
  }
  return {std::move(positional), std::move(found), std::move(given)};
}

}  // namespace

OptionArgument text_argument(std::string shown, std::optional<std::string> otherwise) {
  return {std::move(shown), std::string(), std::move(otherwise)};
}

OptionArgument whole_argument(std::string shown, std::optional<std::int64_t> otherwise) {
  return {std::move(shown), std::int64_t{}, otherwise};
}

OptionArgument real_argument(std::string shown, std::optional<double> otherwise) {
  return {std::move(shown), double{}, otherwise};
}

void CommandSpec::add(std::string option, OptionArgument argument, std::string help) {
  options.push_back({std::move(option), std::move(argument), std::move(help)});
}

void CommandSpec::add_flag(std::string option, std::string help) {
  options.push_back({std::move(option), std::nullopt, std::move(help)});
}

int CommandLine::threads() const {
  if (!has("threads")) return usable_cpus();
  const auto threads = get<std::int64_t>("threads");
  if (threads < 1 || threads > 1024) {
    throw InputError("--threads", fmt::format("{}", threads), "expected 1 to 1024");
  }
  return static_cast<int>(threads);
}

std::optional<CommandLine> parse_command_line(const CommandSpec& spec,
                                              const std::vector<std::string>& words) {
  const po::variables_map values = parse_words(spec, words);
  if (values.count("help") > 0) {
    print_help(spec);
    return std::nullopt;
  }
  std::vector<std::string> given;
  if (values.count("positional") > 0) given = values["positional"].as<std::vector<std::string>>();
  if (given.size() < spec.positional.size()) {
    throw InputError(spec.name, "",
                     fmt::format("{} is missing (usage: {})", spec.positional[given.size()], usage(spec)));
  }
  if (given.size() > spec.positional.size()) {
    throw InputError(spec.name, "", fmt::format("unexpected argument '{}'", given[spec.positional.size()]));
  }
  CommandLine line = line_of(std::move(given), values);
  static_cast<void>(line.threads());  // refused here, whether or not the command uses it
  return line;
}

}  // namespace rheobase
