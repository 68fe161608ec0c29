#pragma once

#include <string>
#include <vector>

namespace rheobase {

/// Where kernels run. `reference` is plain loops, kept for comparison; every device is asked for by name.
enum class DeviceKind { reference, cpu, cuda };

/// `reference`, `cpu`, `cuda`.
const char* to_string(DeviceKind kind);

/// A device by name: `cuda:N` is GPU N of several.
struct DeviceChoice {
  DeviceKind kind = DeviceKind::cpu;
  int gpu = 0;
};

/// `reference`, `cpu`, `cuda`, `cuda:N`, or `auto`, which is the cpu: a GPU is asked for by name. Throws
/// InputError naming the choices.
DeviceChoice parse_device(const std::string& name);

struct DeviceInfo {
  DeviceKind kind;
  bool available;
  std::string description;  ///< hardware and instruction sets, or why it is not available
};

/// Every device the library knows, available or not.
std::vector<DeviceInfo> devices();

/// Instruction sets that the cpu device's kernels are built for and this machine has, best first, as Highway
/// names them.
std::vector<std::string> simd_targets();
/// Uses no better instruction set than `name`, in the whole program from now on. Results do not depend on it.
/// Throws InputError for a name that is not among simd_targets().
void use_simd(const std::string& name);

}  // namespace rheobase
