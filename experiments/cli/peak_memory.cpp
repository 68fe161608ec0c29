#include "experiments/cli/peak_memory.h"

#include <sys/resource.h>

#include <fstream>
#include <string>

namespace rheobase {

// getrusage() keeps what the process had before it became this program, which is its parent's size; the
// kernel's own file starts anew. Where /proc is not mounted, the former has to do.
std::uint64_t peak_memory_bytes() {
  constexpr std::uint64_t unit = 1024;  // of both, though the file says kB
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t peak = 0;
    if (word == "VmHWM:" && status >> peak) return peak * unit;
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * unit;
}

}  // namespace rheobase
