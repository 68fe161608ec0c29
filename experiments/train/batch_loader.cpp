#include "experiments/train/batch_loader.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "sim/core/hash.h"

namespace rheobase {
namespace {

constexpr std::size_t ahead = 3;  // batches

}  // namespace

BatchLoader::BatchLoader(const ImageSet& data, LoaderSettings settings)
    : data_(data), settings_(std::move(settings)) {
  if (settings_.samples < 1 || settings_.samples > data.size() || batches() < 1)
    throw InternalError("a loader without a batch");
}

BatchLoader::~BatchLoader() { stop(); }

std::int64_t BatchLoader::batches() const {
  const std::int64_t spare = settings_.shuffle ? 0 : settings_.batch - 1;
  return (settings_.samples + spare) / settings_.batch;
}

void BatchLoader::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (producer_.joinable()) producer_.join();
  stopping_ = false;
  ready_.clear();
  error_ = nullptr;
}

void BatchLoader::begin(std::int64_t epoch, std::int64_t first_batch) {
  stop();
  producer_ = std::thread([this, epoch, first_batch] { produce(epoch, first_batch); });
}

Batch BatchLoader::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !ready_.empty() || error_ != nullptr; });
  if (ready_.empty()) std::rethrow_exception(error_);
  Batch batch = std::move(ready_.front());
  ready_.pop_front();
  lock.unlock();
  changed_.notify_all();
  return batch;
}

void BatchLoader::produce(std::int64_t epoch, std::int64_t first_batch) {
  try {
    const std::vector<std::int64_t> order = order_of(epoch);
    for (std::int64_t i = first_batch; i < batches(); ++i) {
      Batch batch = load(order, epoch, i);
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return ready_.size() < ahead || stopping_; });
      if (stopping_) return;
      ready_.push_back(std::move(batch));
      lock.unlock();
      changed_.notify_all();
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    error_ = std::current_exception();
    changed_.notify_all();
  }
}

std::vector<std::int64_t> BatchLoader::order_of(std::int64_t epoch) const {
  std::vector<std::int64_t> order(settings_.samples);
  std::iota(order.begin(), order.end(), 0);
  if (!settings_.shuffle) return order;
  // Sorted by a hash of (seed, epoch, sample): a permutation that needs no state.
  const std::uint64_t prefix = mix64(mix64(settings_.seed) ^ static_cast<std::uint64_t>(epoch));
  const auto key = [&](std::int64_t sample) { return mix64(prefix ^ static_cast<std::uint64_t>(sample)); };
  std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return key(a) < key(b); });
  return order;
}

Batch BatchLoader::load(const std::vector<std::int64_t>& order, std::int64_t epoch,
                        std::int64_t batch) const {
  const ImageShape shape = as_image(data_.shape());
  std::vector<float> pixels(shape.size());
  Batch result;
  result.images.resize(settings_.batch * shape.size());
  const std::int64_t first = batch * settings_.batch;
  const std::int64_t count = std::min(settings_.batch, settings_.samples - first);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t sample = order[first + i];
    data_.read(sample, pixels);
    augment(pixels, shape, settings_.normalization, settings_.augment, {settings_.seed, sample, epoch},
            std::span(result.images).subspan(i * shape.size(), shape.size()));
    result.labels.push_back(data_.label(sample));
  }
  return result;
}

}  // namespace rheobase
