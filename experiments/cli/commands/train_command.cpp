#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "experiments/cli/command_line.h"
#include "experiments/cli/commands/commands.h"
#include "experiments/cli/output.h"
#include "experiments/cli/progress.h"
#include "experiments/library/registry.h"
#include "experiments/library/version.h"
#include "experiments/train/trainer.h"
#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/graph/validate.h"

namespace rheobase {
namespace {

CommandSpec train_spec() {
  CommandSpec spec{
      "train",
      "Trains a network as SPEC.toml says and writes the model of its last epoch. Started again, it\n"
      "goes on from its checkpoint, FILE.h5.checkpoint, to the same bits.",
      {"SPEC.toml"},
      "--out FILE.h5"};
  spec.add("out", text_argument("FILE.h5"), "the trained model");
  spec.add("log", text_argument("FILE.csv"), "what each epoch came to");
  spec.add("checkpoint-seconds", real_argument("S", 60), "how often to write a checkpoint within an epoch");
  return spec;
}

std::string header() {
  return fmt::format("{:>6} {:>9} {:>8} {:>8} {:>8} {:>9} {:>11} {:>12}\n", "epoch", "rate", "loss", "train",
                     "test", "images/s", "sign error", "instability");
}

std::string row(const EpochResult& e) {
  return fmt::format("{:>6} {:>9.2e} {:>8.4f} {:>8.4f} {:>8.4f} {:>9.0f} {:>11.4g} {:>12.4g}\n", e.epoch,
                     e.learning_rate, e.loss, e.train_accuracy, e.test_accuracy, e.images_per_second,
                     e.estimating_error, e.gradient_instability);
}

std::string csv(const std::vector<EpochResult>& epochs) {
  std::string text =
      "epoch,learning_rate,loss,train_accuracy,test_accuracy,images_per_second,estimating_error,"
      "gradient_instability\n";
  for (const EpochResult& e : epochs) {
    text += fmt::format("{},{},{},{},{},{},{},{}\n", e.epoch, e.learning_rate, e.loss, e.train_accuracy,
                        e.test_accuracy, e.images_per_second, e.estimating_error, e.gradient_instability);
  }
  return text;
}

// A bar for each epoch, a row after it.
class Display {
 public:
  Display(const Trainer& trainer, const TrainSpec& spec, bool quiet)
      : images_(trainer.images_per_epoch()), epochs_(spec.epochs), batch_(spec.batch), quiet_(quiet) {
    if (quiet_ || trainer.start().epoch >= epochs_) return;
    std::string text = header();
    for (const EpochResult& epoch : trainer.start().epochs) text += row(epoch);
    write_stdout(text);
  }

  void step(const TrainingStep& step) {
    if (bar_ == nullptr) bar_ = std::make_unique<Progress>(images_ - (step.images - batch_), quiet_);
    done_ += batch_;
    bar_->set_text(fmt::format("epoch {}/{} ({} to the end)  loss {:.3f}  accuracy {:.2f} %", step.epoch,
                               epochs_, time_left(step), step.loss, 100 * step.accuracy));
    bar_->advance(batch_);
  }

  void epoch(const EpochResult& epoch) {
    bar_.reset();
    if (quiet_) return;
    write_stdout(row(epoch));
    std::fflush(stdout);
  }

 private:
  // At the pace since the start of this process, tests included.
  std::string time_left(const TrainingStep& step) const {
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    const std::int64_t images = (epochs_ - step.epoch + 1) * images_ - step.images;
    const auto minutes = static_cast<std::int64_t>(
        std::ceil(seconds / 60 * static_cast<double>(images) / static_cast<double>(done_)));
    return minutes < 60 ? fmt::format("{} min", minutes)
                        : fmt::format("{} h {} min", minutes / 60, minutes % 60);
  }

  using Clock = std::chrono::steady_clock;
  std::int64_t images_, epochs_, batch_;
  std::int64_t done_ = 0;  ///< images of this process
  Clock::time_point start_ = Clock::now();
  bool quiet_;
  std::unique_ptr<Progress> bar_;
};

void run(const CommandLine& line) {
  if (!line.has("out")) throw InputError("train", "", "--out is missing: the file of the trained model");
  const auto& out = line.get<std::string>("out");
  const auto log = line.has("log") ? line.get<std::string>("log") : std::string();
  const double seconds = line.get<double>("checkpoint-seconds");
  if (!(seconds >= 0))
    throw InputError("--checkpoint-seconds", fmt::format("{}", seconds), "expected 0 or more");
  using Kind = ResultTarget::Kind;
  const ResultTarget model_file("--out", out, Kind::file);
  const ResultTarget checkpoint_file("--out", out + ".checkpoint", Kind::updated_file);
  const auto log_file = result_target("--log", log.empty() ? std::nullopt : std::optional(log), Kind::file);

  const TrainSpec spec = read_train_spec(line.positional(0));
  TrainerOptions options{line.threads(), line.positional(0), out + ".checkpoint", seconds, tool_version()};
  Trainer trainer(spec, options);
  write_notes(line.positional(0), trainer.notes());
  Display display(trainer, spec, line.quiet());
  std::vector<EpochResult> epochs = trainer.start().epochs;
  const Model model = trainer.run({[&](const TrainingStep& step) { display.step(step); },
                                   [&](const EpochResult& epoch) {
                                     epochs.push_back(epoch);
                                     display.epoch(epoch);
                                     if (!log.empty()) write_file(log, csv(epochs));
                                   }});
  // A run that was killed behind its last checkpoint has no epoch left that would.
  if (!log.empty()) write_file(log, csv(epochs));
  validate_or_throw(model.graph, full_registry().schemas(), out);
  write_model(model, out);
  std::filesystem::remove(link_target(options.checkpoint));  // a link to it stays
  if (!line.quiet() && !epochs.empty())
    write_stdout(fmt::format("wrote {}: test accuracy {:.2f} %\n", out, 100 * epochs.back().test_accuracy));
}

}  // namespace

void train_command(const std::vector<std::string>& words) {
  const auto line = parse_command_line(train_spec(), words);
  if (line) run(*line);
}

}  // namespace rheobase
