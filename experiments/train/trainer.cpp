#include "experiments/train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "binarize/networks/layer_list.h"
#include "binarize/networks/networks.h"
#include "binarize/train/export.h"
#include "experiments/data/pixel_range.h"
#include "experiments/data/sample_hash.h"
#include "neurons/schemas.h"
#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/graph/validate.h"

namespace rheobase {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Graph network(const TrainSpec& spec, const DataInfo& data, const Normalization& normalization) {
  NetworkSpec network;
  network.name = spec.network;
  network.input = data.shape;
  network.classes = data.classes;
  network.mean = normalization.mean;
  network.std = normalization.std;
  network.seed = spec.seed;
  network.scale = spec.scale;
  network.levels = spec.levels;
  network.lambda = spec.lambda;
  return spec.layers.empty() ? make_network(network) : make_network(network, spec.layers);
}

// Of everything that a checkpoint follows from.
std::string identity_of(const TrainSpec& spec, const TrainerOptions& options, const std::string& samples) {
  const std::string described = spec.layers.empty() ? "" : sha256_of_file(spec.network);
  return sha256(sha256_of_file(options.spec_path) + described + samples + options.tool_version);
}

std::unique_ptr<ImageSet> open_split(const std::string& spec, const char* split) {
  auto data = open_image_set(spec, split);
  if (data->size() == 0) throw InputError(spec, split, "has no samples");
  return data;
}

void check_data(const TrainSpec& spec, const DataInfo& training, const DataInfo& test) {
  const std::string& source = test.spec;
  if (training.shape != test.shape)
    throw InputError(source, "",
                     fmt::format("training samples are {}, test samples {}", to_string(training.shape),
                                 to_string(test.shape)));
  if (test.classes > training.classes)
    throw InputError(source, "", fmt::format("has {} classes, training {}", test.classes, training.classes));
  const ImageShape image = as_image(training.shape);
  const std::int64_t side = std::min(image.height, image.width);
  std::vector<Fault> faults;
  const auto expect_inside = [&](const char* key, std::int64_t value) {
    if (value > side) faults.push_back({key, fmt::format("is {}, more than the image's {}", value, side)});
  };
  expect_inside("augment.crop_padding", spec.augment.crop_padding);
  expect_inside("augment.cutout", spec.augment.cutout);
  throw_if_any(training.spec, faults);
}

// Of the test samples those that are trained on too: a few duplicates are real data sets' own and are told,
// more would make the test one of memory.
Notes check_overlap(const std::string& test_spec, std::span<const std::uint64_t> test,
                    std::span<const std::uint64_t> training) {
  const SampleOverlap overlap = overlap_of(test, training);
  if (is_too_much(overlap, test.size())) {
    throw InputError(test_spec, "",
                     fmt::format("{} of its {} test samples are trained on (a file has one split); "
                                 "'test_data' names what is tested",
                                 overlap.count, test.size()));
  }
  if (overlap.count == 0) return {};
  return {
      {test_spec, fmt::format("{} of {} test samples are training samples too", overlap.count, test.size())}};
}

// The normalisation, and that it is of such samples.
Notes check_pixels(const Normalization& normalization, const ImageSet& training, const ImageSet& test) {
  Notes notes = check_normalization(normalization, training.shape());
  const PixelUse use = pixel_use(normalization);
  for (const ImageSet* const data : {&training, &test}) {
    const Notes more = check_pixel_range(*data, 0, data->size(), use);
    notes.insert(notes.end(), more.begin(), more.end());
  }
  return notes;
}

// That what will have been trained is a model, before hours are spent on it.
void expect_model(const Graph& graph, const TrainSpec& spec) {
  SchemaSet schemas;
  add_structural_schemas(schemas);
  add_neuron_schemas(schemas);
  validate_or_throw(trained_graph(graph, spec.estimator), schemas, spec.network);
}

}  // namespace

Trainer::Trainer(const TrainSpec& spec, const TrainerOptions& options)
    : spec_(spec),
      options_(options),
      training_data_(open_split(spec.data, "train")),
      test_data_(open_split(spec.test_data.empty() ? spec.data : spec.test_data, "test")) {
  check_data(spec, training_data_->info(), test_data_->info());
  const std::int64_t samples = std::min(spec_.limit.value_or(training_data_->size()), training_data_->size());
  if (samples < spec_.batch)
    throw InputError(spec.data, "train",
                     fmt::format("has {} samples, less than a batch of {}", samples, spec_.batch));
  const Normalization normalization = normalization_preset(spec_.normalize);
  notes_ = check_pixels(normalization, *training_data_, *test_data_);
  training_ = std::make_unique<BatchLoader>(
      *training_data_, LoaderSettings{spec_.batch, samples, true, spec_.seed, normalization, spec_.augment});
  test_ = std::make_unique<BatchLoader>(
      *test_data_, LoaderSettings{spec_.batch, test_data_->size(), false, 0, normalization, {}});
  const DataInfo& info = training_data_->info();
  network_ = std::make_unique<TrainingNetwork>(
      network(spec_, info, normalization),
      NetworkOptions{spec_.batch, options_.threads, spec_.estimator, spec_.label_smoothing}, spec_.network);
  expect_model(network_->graph(), spec_);
  optimizer_ = std::make_unique<Optimizer>(spec_.optimizer, network_->parameters());
  const std::string identity = identity_of(spec_, options_, read_samples(samples));
  if (auto found = read_checkpoint(options_.checkpoint, identity)) {
    state_ = std::move(*found);
    set_tensors(network_->graph(), state_.tensors);
    optimizer_->set_state(std::move(state_.optimizer));
  }
  state_.identity = identity;
}

std::string Trainer::read_samples(std::int64_t training) {
  training_hashes_ = sample_hashes(*training_data_, 0, training);
  const auto test = sample_hashes(*test_data_, 0, test_data_->size());
  std::string identity =
      samples_sha256(training_data_->shape(), training_hashes_) + samples_sha256(test_data_->shape(), test);
  std::sort(training_hashes_.begin(), training_hashes_.end());
  const Notes overlap = check_overlap(test_data_->info().spec, test, training_hashes_);
  notes_.insert(notes_.end(), overlap.begin(), overlap.end());
  return identity;
}

Model Trainer::run(const Observer& observer) {
  while (state_.epoch < spec_.epochs) train_epoch(observer);
  Model model;
  model.graph = trained_graph(network_->graph(), spec_.estimator);
  model.training = TrainingSamples{spec_.data, training_hashes_};
  model.provenance = {options_.tool_version, std::filesystem::path(options_.spec_path).filename().string(),
                      sha256_of_file(options_.spec_path), "ann"};
  return model;
}

void Trainer::train_epoch(const Observer& observer) {
  const auto epochs = static_cast<double>(spec_.epochs);
  network_->set_progress(static_cast<double>(state_.epoch) / epochs);
  training_->begin(state_.epoch, state_.next_batch);
  const auto batches = static_cast<double>(training_->batches());
  double learning_rate = 0.0;
  const double seconds_before = state_.seconds;
  const Clock::time_point start = Clock::now();
  Clock::time_point saved = start;
  while (state_.next_batch < training_->batches()) {
    learning_rate = spec_.learning_rate.at(
        static_cast<double>(state_.epoch) + static_cast<double>(state_.next_batch) / batches, epochs);
    take_step(training_->next(), learning_rate);
    state_.seconds = seconds_before + seconds_since(start);
    const std::int64_t images = state_.next_batch * spec_.batch;
    if (observer.step)
      observer.step({state_.epoch + 1, images, state_.loss / static_cast<double>(images),
                     static_cast<double>(state_.correct) / static_cast<double>(images)});
    if (state_.next_batch < training_->batches() && seconds_since(saved) >= options_.checkpoint_seconds) {
      save();
      saved = Clock::now();
    }
  }
  finish_epoch(observer, learning_rate);
}

void Trainer::take_step(const Batch& batch, double learning_rate) {
  std::copy(batch.images.begin(), batch.images.end(), network_->input().begin());
  const LossSum sum = network_->step(batch.labels);
  expect_finite(sum.loss);
  optimizer_->step(learning_rate);
  expect_finite(sum.loss);
  state_.loss += sum.loss;
  state_.correct += sum.correct;
  ++state_.next_batch;
}

void Trainer::expect_finite(double loss) const {
  if (std::isfinite(loss) && network_->is_finite()) return;
  const bool saved = std::filesystem::exists(options_.checkpoint);
  throw std::runtime_error(
      fmt::format("training left the finite numbers in epoch {}, step {}, at {}; {}", state_.epoch + 1,
                  std::min(state_.next_batch + 1, training_->batches()), network_->first_not_finite(),
                  saved ? "the last checkpoint is " + options_.checkpoint : "there is no checkpoint yet"));
}

void Trainer::finish_epoch(const Observer& observer, double learning_rate) {
  const auto images = static_cast<double>(images_per_epoch());
  EpochResult result;
  result.epoch = state_.epoch + 1;
  result.learning_rate = learning_rate;
  result.loss = state_.loss / images;
  result.train_accuracy = static_cast<double>(state_.correct) / images;
  result.images_per_second = images / state_.seconds;
  const SignIndicators indicators = network_->indicators();
  result.estimating_error = indicators.estimating_error;
  result.gradient_instability = indicators.gradient_instability;
  average_statistics();
  result.test_accuracy = test_accuracy();
  state_.epochs.push_back(result);
  ++state_.epoch;
  state_.next_batch = 0;
  state_.loss = 0.0;
  state_.correct = 0;
  state_.seconds = 0.0;
  save();
  if (observer.epoch) observer.epoch(result);
}

// Over the first batches of the epoch, as they were augmented.
void Trainer::average_statistics() {
  const std::int64_t batches = std::min(spec_.precise_bn, training_->batches());
  if (batches > 0) training_->begin(state_.epoch);
  for (std::int64_t nth = 1; nth <= batches; ++nth) {
    const Batch batch = training_->next();
    std::copy(batch.images.begin(), batch.images.end(), network_->input().begin());
    network_->observe(nth);
  }
  expect_finite(0.0);
}

double Trainer::test_accuracy() {
  test_->begin(0);
  std::int64_t correct = 0;
  for (std::int64_t i = 0; i < test_->batches(); ++i) {
    const Batch batch = test_->next();
    std::copy(batch.images.begin(), batch.images.end(), network_->input().begin());
    correct += network_->evaluate(batch.labels).correct;
  }
  return static_cast<double>(correct) / static_cast<double>(test_data_->size());
}

void Trainer::save() {
  state_.tensors = tensors_of(network_->graph());
  state_.optimizer = optimizer_->state();
  write_checkpoint(state_, options_.checkpoint);
}

}  // namespace rheobase
