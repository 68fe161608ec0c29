#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "experiments/data/data_set.h"
#include "experiments/train/augment.h"

namespace rheobase {

struct LoaderSettings {
  std::int64_t batch = 128;
  std::int64_t samples = 0;  ///< the first of the data set, 1 or more
  bool shuffle = false;  ///< and leave out what does not fill a batch; otherwise the last one may be short
  std::uint64_t seed = 0;
  Normalization normalization;
  AugmentSettings augment;
};

/// Normalised images [sample][pixel][channel] and their labels.
struct Batch {
  std::vector<float> images;  ///< always of a full batch; zeros where it is short
  std::vector<int> labels;
};

/// Reads batches ahead on a thread of its own. Order and variations are a pure function of seed and epoch.
class BatchLoader {
 public:
  BatchLoader(const ImageSet& data, LoaderSettings settings);
  ~BatchLoader();
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  /// Of an epoch.
  std::int64_t batches() const;
  /// Turns to a batch of an epoch.
  void begin(std::int64_t epoch, std::int64_t first_batch = 0);
  /// The next batch of the epoch. Throws what reading it threw.
  Batch next();

 private:
  void stop();
  void produce(std::int64_t epoch, std::int64_t first_batch);
  Batch load(const std::vector<std::int64_t>& order, std::int64_t epoch, std::int64_t batch) const;
  std::vector<std::int64_t> order_of(std::int64_t epoch) const;

  const ImageSet& data_;
  LoaderSettings settings_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> ready_;
  std::exception_ptr error_;
  bool stopping_ = false;
  std::thread producer_;
};

}  // namespace rheobase
