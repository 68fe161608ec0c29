#include "experiments/sweep/sweep_folder.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <utility>

#include "experiments/data/data_set.h"
#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/core/file_use.h"

namespace rheobase {
namespace {

namespace fs = std::filesystem;

constexpr std::array folders{"recordings", "figures", "rasters", "diagnoses"};

void expect_outside(const std::string& file, const fs::path& out) {
  std::error_code none;  // what is not there is said where it is opened
  const fs::path place = fs::canonical(file, none).parent_path();
  for (const char* folder : folders) {
    if (!fs::equivalent(place, out / folder, none) || none) continue;
    throw FileClash(file, "",
                    "lies in " + (out / folder).string() + ", which belongs to the sweep; copy it elsewhere");
  }
}

// The sweep opens all of them again, each in its cell; that a result is among them is for no cell to find.
void expect_inputs_outside(const SweepSpec& spec, const fs::path& out) {
  expect_outside(spec.path, out);
  for (const std::string& model : spec.models) {
    will_read(model);
    expect_outside(model, out);
  }
  std::set<std::pair<std::string, std::string>> sets;  // SPEC and split
  for (const std::string& data : spec.data) sets.emplace(data, spec.split);
  if (!spec.calibration.data.empty()) sets.emplace(spec.calibration.data, spec.calibration.split);
  for (const auto& [data, split] : sets) {
    try {
      const auto opened = open_data(data, split);
      for (const std::string& file : opened->info().files) expect_outside(file, out);
    } catch (const FileClash&) {
      throw;
    } catch (const InputError&) {  // its cells fail and say so
    }
  }
}

bool is_same_file(const fs::path& one, const fs::path& other) {
  std::error_code none;
  return fs::equivalent(one, other, none) && !none;
}

}  // namespace

SweepFolder::SweepFolder(const std::string& where, const std::string& path)
    : path_(path), lock_(where, path) {
  remove_partial_files_in(path_);
  for (const char* folder : folders) remove_partial_files_in((fs::path(path_) / folder).string());
}

SweepFolder SweepFolder::for_results(const std::string& path, const SweepSpec& spec) {
  for (const char* name : {"results.csv", "results.h5", "manifest.json", "report.html", "spec.toml"}) {
    const fs::path file = fs::path(path) / name;
    // The spec of an earlier sweep, swept again: it stays as it is.
    if (name == std::string("spec.toml") && is_same_file(file, spec.path)) continue;
    will_write("--out", file.string());
  }
  expect_inputs_outside(spec, path);
  std::error_code error;
  fs::create_directories(fs::path(path) / folders.front(), error);
  if (error) throw InputError(path, "", error.message());
  return {"--out", path};
}

SweepFolder SweepFolder::for_report(const std::string& path) {
  std::error_code none;
  if (!fs::is_directory(path, none)) throw InputError(path, "", "is no folder");
  will_write("DIR", (fs::path(path) / "report.html").string());
  return {"DIR", path};
}

}  // namespace rheobase
