#include <fmt/format.h>

#include <algorithm>

#include "experiments/cli/command_line.h"
#include "experiments/cli/commands/commands.h"
#include "experiments/cli/output.h"
#include "experiments/data/data_set.h"
#include "experiments/data/sample_events.h"

namespace rheobase {
namespace {

std::vector<std::int64_t> histogram(const DataInfo& info, int classes) {
  std::vector<std::int64_t> counts(classes, 0);
  for (const int label : info.labels) ++counts.at(label);
  return counts;
}

std::string label_table(const DataInfo& train, const DataInfo& test) {
  const int classes = std::max(train.classes, test.classes);
  const auto in_train = histogram(train, classes);
  const auto in_test = histogram(test, classes);
  std::string text = fmt::format("\n{:>5}  {:>8}  {:>8}\n", "label", "train", "test");
  for (int label = 0; label < classes; ++label) {
    text += fmt::format("{:>5}  {:>8}  {:>8}", label, in_train[label], in_test[label]);
    if (label < static_cast<int>(test.class_names.size())) text += "  " + test.class_names[label];
    text += "\n";
  }
  return text;
}

// How many events a recording has over its time: a line for each of at most 20 parts of equal length.
std::string rate_text(const DataSet& data, std::int64_t index) {
  constexpr std::int64_t most_lines = 20, widest = 50;
  Sample sample;
  data.fetch(index, sample);
  const std::int64_t part = (sample.steps + most_lines - 1) / most_lines;
  std::vector<std::int64_t> counts((sample.steps + part - 1) / part, 0);
  std::int64_t all = 0;
  for_events_of(sample, [&](const InputEvent& event) {
    ++counts[(event.step - 1) / part];
    ++all;
  });
  const std::int64_t most = std::max<std::int64_t>(1, *std::max_element(counts.begin(), counts.end()));
  const double step_ms = data.info().step_ms;
  const double unit = step_ms > 0.0 ? step_ms : 1.0;
  std::string text = fmt::format("\n{}: {} events in {} steps\n{:>12}  {:>8}\n", data.info().files.at(index),
                                 all, sample.steps, step_ms > 0.0 ? "ms" : "steps", "events");
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto first = static_cast<std::int64_t>(i) * part;
    text += fmt::format("{:>5g} -{:>5g}  {:>8}  {}\n", unit * static_cast<double>(first),
                        unit * static_cast<double>(std::min(first + part, sample.steps)), counts[i],
                        std::string(static_cast<std::size_t>(counts[i] * widest / most), '#'));
  }
  return text;
}

}  // namespace

void data_info_command(const std::vector<std::string>& words) {
  const CommandSpec spec{
      "data info", "Shows what a data set holds, and that its files are sound.", {"SPEC"}, "", {}};
  const auto line = parse_command_line(spec, words);
  if (!line) return;
  const DataInfo train = open_data(line->positional(0), "train")->info();
  const auto opened = open_data(line->positional(0), "test");
  const DataInfo& test = opened->info();
  std::string text =
      fmt::format("data     {}\nshape    {}\nclasses  {}\ntrain    {} samples\ntest     {} samples\n",
                  test.spec, to_string(test.shape), test.classes, train.labels.size(), test.labels.size());
  text += label_table(train, test);
  if (test.events) text += rate_text(*opened, 0);
  write_stdout(text);
}

}  // namespace rheobase
