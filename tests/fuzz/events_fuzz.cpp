// Recordings of every format, with edits or cut short, give an InputError or samples whose events lie in the
// shape that was promised, in order.

#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "experiments/data/data_set.h"
#include "experiments/data/event_binning.h"
#include "experiments/data/sample_events.h"
#include "sim/core/error.h"
#include "tests/experiments/data/event_recording.h"

namespace {

using namespace rheobase;

const std::string folder = "events_fuzz_input";  // NOLINT: a string this short does not throw

struct Seed {
  std::string ending, bytes;
};

std::vector<Seed> make_seeds() {
  std::vector<CameraEvent> events;
  for (int i = 0; i < 24; ++i) events.push_back({1000 + 37 * i * i, (i * 7) % 34, (i * 11) % 34, i % 3 == 0});
  const std::string vectors = words<2>({0x8001, 0x6010, 0x0007, 0x3803, 0x4811, 0x4801, 0x5003, 0x6020,
                                        0xA001, 0xE014, 0xF123, 0x7001, 0x200A, 0x8002, 0x3001, 0x5081});
  const std::string shape = "(2,)", bytes = "\1\2";
  return {{".bin", atis_bin(events)},
          {".raw", "% evt 2.0\n% geometry 34x34\n% end\n" + evt2_words(events)},
          {".raw", "% format EVT3;height=34;width=34\n" + evt3_words(events)},
          {".raw", "% evt 3.0\n% end\n" + vectors},
          {".dat", dat_file(events)},
          {".aedat4", aedat4_file(events)},
          {".aedat4", aedat4_file(events, {.lz4 = true, .interrupted = true})},
          {".npz", npz_recording(events)},
          {".npz", npz_recording(events, true)},
          {".npz", zip_file({{"x", npy_file("|i1", shape, bytes)},
                             {"y", npy_file(">u2", shape, std::string("\0\1\0\2", 4))},
                             {"t", npy_file("<f4", shape, words<4>({0x3F000000, 0x3F000001}))},
                             {"p", npy_file("|b1", shape, std::string("\0\1", 2))}})},
          {".h5", hdf5_recording(events)},
          {".hdf5", hdf5_recording(events, "events", 10)}};
}

std::string edited(FuzzedDataProvider& choices, std::string file) {
  if (choices.ConsumeIntegralInRange(0, 3) == 0)
    file.resize(choices.ConsumeIntegralInRange<std::size_t>(0, file.size()));
  while (choices.remaining_bytes() > 0 && !file.empty())
    file[choices.ConsumeIntegralInRange<std::size_t>(0, file.size() - 1)] = choices.ConsumeIntegral<char>();
  return file;
}

void check(const Sample& sample, const Shape& shape) {
  std::int64_t before = 1;
  for (const InputEvent& event : sample.events) {
    if (event.step < before || event.step > sample.steps) std::abort();
    if (event.place < 0 || event.place >= element_count(shape)) std::abort();
    before = event.step;
  }
}

// A recording that is read while its sample runs has the events, or the fault, of one that is held.
void compare_streamed(const std::string& path, const std::string& options) {
  EventBinning binning = parse_event_place("fuzz", folder + options).binning;
  const auto sensor = binning.size ? binning.size : open_event_file(path)->sensor();
  if (!sensor) return;
  using All = std::vector<std::pair<std::int32_t, std::int32_t>>;
  const auto read = [&](std::size_t most_held, All& all) {
    binning.most_held = most_held;
    try {
      Sample sample;
      binning.read(path, *sensor, sample);
      for_events_of(sample, [&](const InputEvent& event) { all.emplace_back(event.step, event.place); });
      return std::string();
    } catch (const InputError& error) {
      return std::string(error.what());
    }
  };
  All held, streamed;
  if (read(1 << 16, held) != read(3, streamed) || held != streamed) std::abort();
}

}  // namespace

// As in nir_reader_fuzz.cpp: what libhdf5 1.10 loses in damaged files.
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5"; }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Seed> seeds = make_seeds();
  FuzzedDataProvider choices(data, size);
  const Seed& seed = seeds[choices.ConsumeIntegralInRange<std::size_t>(0, seeds.size() - 1)];
  const std::string options = choices.PickValueInArray(
      {"", ",size=34x34", ",size=34x34,dt=1us", ",size=640x640,bins=3", ",size=34x34,crop=9,events=bits",
       ",size=50x40,downsample=4", ",bins=1000,size=34x34"});
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder + "/a");
  std::ofstream(folder + "/a/1" + seed.ending, std::ios::binary) << edited(choices, seed.bytes);
  try {
    const auto opened = open_data("events:" + folder + options, "test");
    Sample sample;
    opened->fetch(0, sample);
    check(sample, opened->shape());
    compare_streamed(folder + "/a/1" + seed.ending, options);
  } catch (const InputError&) {
  }
  return 0;
}
