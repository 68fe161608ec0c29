// Recordings that stay in their files: one is in memory while it is read.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "experiments/data/class_folders.h"
#include "experiments/data/event_binning.h"
#include "experiments/data/labels_file.h"
#include "experiments/data/loaders.h"
#include "experiments/data/sample_list.h"
#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/core/file_use.h"

namespace rheobase {
namespace {

namespace fs = std::filesystem;

constexpr ImageSize nmnist_sensor{34, 34};

class EventSet : public DataSet {
 public:
  EventSet(DataInfo info, const EventBinning& binning, ImageSize sensor)
      : DataSet(std::move(info)), binning_(binning), sensor_(sensor) {}

  void fetch(std::int64_t index, Sample& sample) const override {
    binning_.read(info().files.at(index), sensor_, sample);
  }

 private:
  EventBinning binning_;
  ImageSize sensor_;
};

std::unique_ptr<DataSet> make_set(DataInfo info, const EventBinning& binning, const ImageSize& sensor) {
  info.events = true;
  info.binning = binning.text();
  info.step_ms = binning.bins ? 0.0 : static_cast<double>(binning.dt_us) / 1000.0;
  info.shape = binning.shape(sensor, info.spec);
  return std::make_unique<EventSet>(std::move(info), binning, sensor);
}

constexpr SampleFiles recordings{
    "recording of events", is_event_file,
    [](const std::string& path) {
      const std::string ending = lower_ending(path);
      return ending == ".aedat" || ending == ".mat" || ending == ".bag";
    },
    "is a recording that cannot be read: save its arrays as x, y, t and p of an .npz file"};

// The text file of a split: `train1K.txt`, `test100.txt`.
std::optional<std::string> list_file(const fs::path& folder, const std::string& split) {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with(split) && name.ends_with(".txt")) found.push_back(at->path().string());
  }
  if (error) throw InputError(folder.string(), "", "cannot be listed: " + error.message());
  if (found.size() > 1)
    throw InputError(
        folder.string(), "",
        fmt::format("has several lists of the {} split, {} and {}: keep one", split,
                    fs::path(found[0]).filename().string(), fs::path(found[1]).filename().string()));
  return found.empty() ? std::nullopt : std::optional(found.front());
}

// Whole numbers of a line, between blanks or commas; nothing for another text.
std::optional<std::vector<std::int64_t>> numbers_of(std::string_view line) {
  std::vector<std::int64_t> numbers;
  const auto is_gap = [](char c) { return c == ' ' || c == '\t' || c == ',' || c == '\r'; };
  while (true) {
    while (!line.empty() && is_gap(line.front())) line.remove_prefix(1);
    if (line.empty()) return numbers;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
    if (error != std::errc() || (end != line.data() + line.size() && !is_gap(*end))) return std::nullopt;
    numbers.push_back(number);
    line.remove_prefix(end - line.data());
  }
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

// The small set's recordings: their numbers are their names. Lines that begin with # say nothing.
SampleList list_numbered(const std::string& list_path) {
  constexpr std::int64_t classes = 10;
  const fs::path folder = fs::path(list_path).parent_path();
  SampleList list;
  list.labels_file = list_path;
  list.classes = classes;
  std::vector<Fault> faults;
  const std::string text = read_file(list_path, max_text_bytes);
  std::string_view rest = text;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const bool is_comment = rest.front() == '#';
    const auto numbers = is_comment ? std::vector<std::int64_t>{} : numbers_of(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (numbers && numbers->empty()) continue;
    const auto fault = [&](const std::string& what) {
      faults.push_back({fmt::format("line {}", number), what});
    };
    if (!numbers || numbers->size() != 2 || (*numbers)[1] < 0 || (*numbers)[1] >= classes) {
      fault("expected the number of a recording and its label, 0 to 9");
      continue;
    }
    const fs::path stem = folder / std::to_string(numbers->front());
    const std::string file =
        is_file(stem.string() + ".bs2") ? stem.string() + ".bs2" : stem.string() + ".bin";
    if (!is_file(file)) fault(fmt::format("{}.bs2 or .bin: no such file", stem.string()));
    list.files.push_back(file);
    list.labels.push_back(static_cast<int>(numbers->back()));
  }
  if (list.files.empty() && faults.empty()) faults.push_back({"", "names no recording"});
  throw_if_any(list_path, first_faults(std::move(faults)));
  return list;
}

DataInfo with_files(DataInfo info, SampleList list) {
  info.files = std::move(list.files);
  if (!list.labels_file.empty()) info.files.push_back(list.labels_file);
  info.labels = std::move(list.labels);
  info.class_names = std::move(list.class_names);
  info.classes = list.classes;
  return info;
}

ImageSize sensor_of(const EventBinning& binning, const std::string& first, const std::string& spec) {
  if (binning.size) return *binning.size;
  if (const auto sensor = open_event_file(first)->sensor()) return *sensor;
  throw InputError(spec, "size",
                   fmt::format("is missing: {} does not say how large its sensor is; add size=HxW", first));
}

}  // namespace

std::unique_ptr<DataSet> open_nmnist(DataInfo info, const std::string& place) {
  const auto [folder, binning] = parse_event_place(info.spec, place);
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) throw InputError(folder, "", "no such folder");
  will_read_set(folder, [](const std::string& path) {  // a list numbers recordings in .txt
    return is_event_file(path) || lower_ending(path) == ".txt";
  });
  const ImageSize sensor = binning.size.value_or(nmnist_sensor);
  for (const std::string name : {info.split == "train" ? "Train" : "Test", info.split.c_str()}) {
    const std::string part = (fs::path(folder) / name).string();
    if (!fs::is_directory(part, ignored)) continue;
    return make_set(with_files(std::move(info), list_by_class_folders(part, class_folders(part), recordings)),
                    binning, sensor);
  }
  const auto list = list_file(folder, info.split);
  if (!list)
    throw InputError(folder, "",
                     fmt::format("has neither a folder {} of ten nor a {}*.txt: is it N-MNIST?",
                                 info.split == "train" ? "Train" : "Test", info.split));
  return make_set(with_files(std::move(info), list_numbered(*list)), binning, sensor);
}

std::unique_ptr<DataSet> open_events(DataInfo info, const std::string& place) {
  const auto [folder, binning] = parse_event_place(info.spec, place);
  SampleList list = list_samples(folder, info.split, recordings);
  info = with_files(std::move(info), std::move(list));
  const ImageSize sensor = sensor_of(binning, info.files.front(), info.spec);
  return make_set(std::move(info), binning, sensor);
}

}  // namespace rheobase
