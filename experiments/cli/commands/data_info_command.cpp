#include <fmt/format.h>

#include <algorithm>

#include "experiments/cli/command_line.h"
#include "experiments/cli/commands/commands.h"
#include "experiments/cli/output.h"
#include "experiments/data/data_set.h"

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

}  // namespace

void data_info_command(const std::vector<std::string>& words) {
  const CommandSpec spec{
      "data info", "Shows what a data set holds, and that its files are sound.", {"SPEC"}, "", {}};
  const auto line = parse_command_line(spec, words);
  if (!line) return;
  const DataInfo train = open_data(line->positional(0), "train")->info();
  const DataInfo test = open_data(line->positional(0), "test")->info();
  std::string text =
      fmt::format("data     {}\nshape    {}\nclasses  {}\ntrain    {} samples\ntest     {} samples\n",
                  test.spec, to_string(test.shape), test.classes, train.labels.size(), test.labels.size());
  write_stdout(text + label_table(train, test));
}

}  // namespace rheobase
