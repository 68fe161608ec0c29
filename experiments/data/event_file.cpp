#include "experiments/data/event_file.h"

#include <algorithm>
#include <array>

#include "experiments/data/event_formats.h"
#include "experiments/data/sample_list.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

struct Format {
  const char* ending;
  std::unique_ptr<EventFile> (*open)(const std::string& path);
};

constexpr std::array formats{Format{".bin", open_atis_bin},      Format{".bs2", open_atis_bin},
                             Format{".raw", open_prophesee_raw}, Format{".dat", open_prophesee_dat},
                             Format{".npz", open_npz_events},    Format{".h5", open_hdf5_events},
                             Format{".hdf5", open_hdf5_events},  Format{".aedat4", open_aedat4}};

const Format* format_of(const std::string& path) {
  const std::string ending = lower_ending(path);
  const auto* found =
      std::find_if(formats.begin(), formats.end(), [&](const Format& f) { return ending == f.ending; });
  return found == formats.end() ? nullptr : found;
}

}  // namespace

bool is_event_file(const std::string& path) { return format_of(path) != nullptr; }

std::unique_ptr<EventFile> open_event_file(const std::string& path) {
  const Format* format = format_of(path);
  if (format == nullptr) throw InputError(path, "", "is no recording of events that can be read");
  return format->open(path);
}

}  // namespace rheobase
