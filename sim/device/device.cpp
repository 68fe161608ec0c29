#include "sim/device/device.h"

#include <fmt/format.h>

#include <hwy/targets.h>

#include <fstream>
#include <string_view>

#include "sim/core/error.h"
#include "sim/device/cuda_info.h"

namespace rheobase {
namespace {

// The processor's name as Linux tells it; empty elsewhere.
std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (!line.starts_with("model name")) continue;
    const auto colon = line.find(": ");
    return colon == std::string::npos ? "" : line.substr(colon + 2);
  }
  return "";
}

}  // namespace

const char* to_string(DeviceKind kind) {
  switch (kind) {
    case DeviceKind::reference:
      return "reference";
    case DeviceKind::cpu:
      return "cpu";
    case DeviceKind::cuda:
      return "cuda";
  }
  throw InternalError("not a device");
}

DeviceChoice parse_device(const std::string& name) {
  if (name == "auto") return {DeviceKind::cpu};
  for (const DeviceKind kind : {DeviceKind::reference, DeviceKind::cpu, DeviceKind::cuda}) {
    if (name == to_string(kind)) return {kind};
  }
  constexpr std::string_view cuda = "cuda:";
  const std::string number = name.starts_with(cuda) ? name.substr(cuda.size()) : "";
  const bool digits =
      !number.empty() && number.size() <= 4 && number.find_first_not_of("0123456789") == std::string::npos;
  if (digits) return {DeviceKind::cuda, std::stoi(number)};
  throw InputError("--device", name, "expected reference, cpu, cuda, cuda:N or auto");
}

std::vector<DeviceInfo> devices() {
  return {
      {DeviceKind::reference, true, "plain loops on one core, for comparison"},
      {DeviceKind::cpu, true, fmt::format("{}, {} instructions", processor_name(), simd_targets().front())},
      cuda_info()};
}

std::vector<std::string> simd_targets() {
  std::vector<std::string> names;
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets())
    names.push_back(hwy::TargetName(target));
  return names;
}

void use_simd(const std::string& name) {
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if (name != hwy::TargetName(target)) continue;
    hwy::DisableTargets(target - 1);  // lower bits are better instruction sets
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    return;
  }
  throw InputError("--simd", name, fmt::format("expected one of {}", fmt::join(simd_targets(), " ")));
}

}  // namespace rheobase
