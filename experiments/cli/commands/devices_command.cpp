#include <fmt/format.h>
#include <fmt/ranges.h>

#include "experiments/cli/command_line.h"
#include "experiments/cli/commands/commands.h"
#include "experiments/cli/output.h"
#include "experiments/library/registry.h"

namespace rheobase {

void devices_command(const std::vector<std::string>& words) {
  const CommandSpec spec{
      "devices", "Lists the devices, what is here, and which ops each supports.", {}, "", {}};
  if (!parse_command_line(spec, words)) return;
  const Registry registry = full_registry();
  std::string text;
  for (const DeviceInfo& device : devices()) {
    text += fmt::format("{:<10}{}{}\n", to_string(device.kind),
                        device.available ? "" : "not available: ", device.description);
    if (!device.available) continue;
    if (device.kind == DeviceKind::cpu)
      text += fmt::format("{:<10}simd: {}\n", "", fmt::join(simd_targets(), " "));
    for (const Arithmetic arithmetic : {Arithmetic::float32, Arithmetic::fixed}) {
      text += fmt::format("{:<10}{}: {}\n", "", to_string(arithmetic),
                          fmt::join(registry.supported(device.kind, arithmetic), " "));
    }
  }
  write_stdout(text);
}

}  // namespace rheobase
