#include "experiments/cli/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <string_view>

#include "experiments/cli/commands/commands.h"
#include "experiments/cli/output.h"
#include "experiments/library/version.h"
#include "sim/core/error.h"
#include "sim/core/file_use.h"

namespace rheobase {
namespace {

struct Command {
  std::string_view name;
  std::string_view summary;
  void (*run)(const std::vector<std::string>& words);
};

void data_command(const std::vector<std::string>& words);

constexpr std::array commands{
    Command{"convert", "turn a trained network (ONNX) into a model file", convert_command},
    Command{"info", "show what a model file holds", info_command},
    Command{"run", "run a model over a data set", run_command},
    Command{"calibrate", "choose when to stop from samples, and store it in the model", calibrate_command},
    Command{"sweep", "models, data, arithmetics, budgets and stop policies against each other",
            sweep_command},
    Command{"report", "the page and figures of a sweep, again", report_command},
    Command{"train", "train a binary network, or one to convert", train_command},
    Command{"export", "write a network of one step as ONNX", export_command},
    Command{"devices", "list devices and the ops each supports", devices_command},
    Command{"data", "data info SPEC: show what a data set holds", data_command},
};

void data_command(const std::vector<std::string>& words) {
  if (words.empty()) throw InputError("data", "", "expected 'data info SPEC'");
  const std::string& action = words.front();
  if (action == "fetch") throw InputError("data", "fetch", "not in this version");
  // `data --help` is answered by the one action there is.
  const bool help = action == "--help";
  if (action != "info" && !help) throw InputError("data", action, "expected 'data info SPEC'");
  data_info_command({words.begin() + (help ? 0 : 1), words.end()});
}

std::string help() {
  std::string text =
      "usage: rheobase COMMAND [options]\n\n"
      "Trains networks, converts them to spiking networks, simulates them step by step and stops each "
      "sample\n"
      "as soon as the network is sure.\n\ncommands:\n";
  for (const Command& command : commands) {
    text += fmt::format("  {:<10}{}\n", command.name, command.summary);
  }
  return text +
         "\noptions of every command: --help, --quiet, --threads N\n"
         "rheobase --version shows the version\n";
}

void dispatch(const std::vector<std::string>& words) {
  if (words.empty()) throw InputError("no command", "", "see rheobase --help");
  const std::string& name = words.front();
  if (name == "--help" || name == "-h") return write_stdout(help());
  if (name == "--version") return write_stdout(fmt::format("rheobase {}\n", tool_version()));
  const auto command =
      std::find_if(commands.begin(), commands.end(), [&](const Command& c) { return c.name == name; });
  if (command != commands.end()) return command->run({words.begin() + 1, words.end()});
  throw InputError(name, "", "unknown command, see rheobase --help");
}

int fail(int code, std::string message) {
  std::replace(message.begin(), message.end(), '\n', ' ');
  std::fputs(("rheobase: " + message + "\n").c_str(),
             stderr);  // a closed stderr must not change the exit code
  return code;
}

}  // namespace

int run_program(const std::vector<std::string>& words) {
  try {
    const FileUse use;
    dispatch(words);
    return 0;
  } catch (const InputError& error) {
    return fail(2, error.what());
  } catch (const std::bad_alloc&) {
    return fail(1, "out of memory");
  } catch (const std::exception& error) {
    return fail(1, error.what());
  }
}

}  // namespace rheobase
