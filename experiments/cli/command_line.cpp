#include "experiments/cli/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/program_options/parsers.hpp>
#include <sstream>

#include "experiments/cli/output.h"
#include "sim/core/error.h"
#include "sim/core/parallel.h"

namespace rheobase {
namespace {

std::string usage(const CommandSpec& spec) {
  std::string text = fmt::format("rheobase {}", spec.name);
  for (const std::string& word : spec.positional) text += " " + word;
  if (!spec.needed.empty()) text += " " + spec.needed;
  return text;
}

po::options_description all_options(const CommandSpec& spec) {
  po::options_description common("Options of every command");
  common.add_options()("help", "show this text")("quiet", "say nothing but results and errors")(
      "threads", po::value<int>()->value_name("N"),
      "threads to use (default: one per CPU that the process may run on)");
  po::options_description all;
  if (!spec.options.options().empty()) all.add(spec.options);
  all.add(common);
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

}  // namespace

int CommandLine::threads() const {
  if (!has("threads")) return usable_cpus();
  const int threads = get<int>("threads");
  if (threads < 1 || threads > 1024) {
    throw InputError("--threads", fmt::format("{}", threads), "expected 1 to 1024");
  }
  return threads;
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
  CommandLine line(std::move(given), values);
  static_cast<void>(line.threads());  // refused here, whether or not the command uses it
  return line;
}

}  // namespace rheobase
