#include "sim/device/device.h"

#include <fmt/format.h>

#include <hwy/targets.h>

#include <fstream>

#include "sim/core/error.h"

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

DeviceKind parse_device(const std::string& name) {
  if (name == "auto") return DeviceKind::cpu;
  for (const DeviceInfo& info : devices()) {
    if (name == to_string(info.kind)) return info.kind;
  }
  throw InputError("--device", name, "expected reference, cpu, cuda or auto");
}

std::vector<DeviceInfo> devices() {
  return {
      {DeviceKind::reference, true, "plain loops on one core, for comparison"},
      {DeviceKind::cpu, true, fmt::format("{}, {} instructions", processor_name(), simd_targets().front())},
      {DeviceKind::cuda, false, "this build has no CUDA device"}};
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
