#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "binarize/train/network.h"
#include "experiments/train/batch_loader.h"
#include "experiments/train/checkpoint.h"
#include "experiments/train/train_spec.h"
#include "sim/format/model_file.h"

namespace rheobase {

struct TrainerOptions {
  int threads = 0;                 ///< 0: usable_cpus()
  std::string spec_path;           ///< for the identity and the provenance
  std::string checkpoint;          ///< file; written after every epoch
  double checkpoint_seconds = 60;  ///< and within an epoch as often as this; 0: after every step
  std::string tool_version;
};

/// How far the epoch is, after a step.
struct TrainingStep {
  std::int64_t epoch = 0;   ///< from 1
  std::int64_t images = 0;  ///< of the epoch so far
  double loss = 0.0, accuracy = 0.0;
};

/// Trains a network from a spec, or goes on from its checkpoint: a run that was ended at any moment and
/// resumed gives the same bits as one that was not.
class Trainer {
 public:
  /// Opens the data and the checkpoint. Throws InputError naming what does not exist or does not fit.
  Trainer(const TrainSpec& spec, const TrainerOptions& options);

  std::int64_t images_per_epoch() const { return training_->batches() * spec_.batch; }
  /// Where run() begins: 0 and 0 for a new run.
  const Checkpoint& start() const { return state_; }
  /// What the user should know of the data and their normalisation.
  const Notes& notes() const { return notes_; }

  struct Observer {
    std::function<void(const TrainingStep&)> step;
    std::function<void(const EpochResult&)> epoch;
  };
  /// The trained network, batch norm as Affine. Throws std::runtime_error naming the layer when training
  /// leaves the finite numbers; the checkpoint then is the last one that was finite.
  Model run(const Observer& observer);

 private:
  /// Their hashes: for the model, the notes and the run's identity, which is returned. Throws InputError
  /// where what is tested is trained on.
  std::string read_samples(std::int64_t training);
  void train_epoch(const Observer& observer);
  void finish_epoch(const Observer& observer, double learning_rate);
  void average_statistics();
  double test_accuracy();
  void take_step(const Batch& batch, double learning_rate);
  void expect_finite(double loss) const;
  void save();

  TrainSpec spec_;
  TrainerOptions options_;
  std::unique_ptr<ImageSet> training_data_, test_data_;
  std::unique_ptr<BatchLoader> training_, test_;
  std::unique_ptr<TrainingNetwork> network_;
  std::unique_ptr<Optimizer> optimizer_;
  Checkpoint state_;
  std::vector<std::uint64_t> training_hashes_;  // ascending
  Notes notes_;
};

}  // namespace rheobase
