#pragma once

#include <string>

#include "experiments/sweep/sweep_spec.h"
#include "sim/core/output_lock.h"

namespace rheobase {

/// The folder of a sweep's results, held against other processes while this lives (OutputLock), and without
/// what killed sweeps and reports were writing.
class SweepFolder {
 public:
  /// For a sweep: makes the folder where it is not there. Throws InputError when it cannot be made, when
  /// another process holds it, or when the spec, a model or a data file is one of those that a sweep writes.
  static SweepFolder for_results(const std::string& path, const SweepSpec& spec);
  /// For a report on what is there.
  static SweepFolder for_report(const std::string& path);

  const std::string& path() const { return path_; }

 private:
  SweepFolder(const std::string& where, const std::string& path);

  std::string path_;
  OutputLock lock_;
};

}  // namespace rheobase
