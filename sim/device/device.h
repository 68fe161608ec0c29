#pragma once

#include <string>
#include <vector>

namespace rheobase {

/// Where kernels run. `reference` is plain loops, kept for comparison; every device is asked for by name.
enum class DeviceKind { reference, cpu, cuda };

/// `reference`, `cpu`, `cuda`.
const char* to_string(DeviceKind kind);

/// Throws InputError naming the choices. `auto` is the fastest device that is here.
DeviceKind parse_device(const std::string& name);

struct DeviceInfo {
  DeviceKind kind;
  bool available;
  std::string description;  ///< hardware and instruction sets, or why it is not available
};

/// Every device the library knows, available or not.
std::vector<DeviceInfo> devices();

}  // namespace rheobase
