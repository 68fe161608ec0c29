#include "sim/format/recording_file.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "sim/core/file.h"
#include "sim/format/sealed_file.h"
#include "sim/hdf5/entry.h"
#include "tests/sim/format/scratch.h"

namespace rheobase {
namespace {

using testing::HasSubstr;

RecordingInfo sample_info(std::int64_t samples) {
  RecordingInfo info{"0.1.0",
                     "model.h5",
                     std::string(64, 'b'),
                     "cifar10:data",
                     "test",
                     "cpu",
                     "fixed",
                     "direct",
                     7,
                     {"confidence", 2.0, 0.9},
                     1000,
                     samples,
                     8,
                     3,
                     {{"/relu/1", 64}, {"\u03b2", 10}}};
  return info;
}

// A sample's numbers, which outlive its record.
struct Sample {
  std::vector<float> logits;
  std::vector<std::uint64_t> spikes;
  SampleRecord record;

  Sample(const RecordingInfo& info, std::int64_t row) {
    std::mt19937_64 random(row);
    record.steps = 1 + static_cast<std::int64_t>(random() % info.steps);
    record.stopped = record.steps < info.steps;
    record.sample = info.first + row;
    record.label = static_cast<std::int64_t>(random() % 3) - 1;  // -1: not known
    for (std::int64_t i = 0; i < record.steps * info.classes; ++i)
      logits.push_back(static_cast<float>(random() % 997));
    spikes = {random(), random()};
    record.logits_by_step = logits;
    record.spike_counts = spikes;
  }
};

void record_rows(const std::string& path, const RecordingInfo& info, const std::vector<std::int64_t>& order) {
  RecordingWriter writer(path, info);
  for (const std::int64_t row : order) writer.add(Sample(info, row).record);
  writer.commit();
}

std::vector<std::int64_t> ascending(std::int64_t count) {
  std::vector<std::int64_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

void expect_rows(const Recording& recording) {
  for (std::int64_t row = 0; row < recording.info.samples; ++row) {
    const Sample sample(recording.info, row);
    ASSERT_EQ(recording.labels[row], sample.record.label);
    ASSERT_EQ(recording.exit_steps[row], sample.record.steps);
    ASSERT_EQ(recording.stopped[row], sample.record.stopped ? 1 : 0);
    ASSERT_EQ(recording.spike_counts[2 * row], sample.spikes[0]);
    ASSERT_EQ(recording.spike_counts[2 * row + 1], sample.spikes[1]);
    for (std::int64_t t = 1; t <= recording.info.steps; ++t) {
      for (std::int64_t k = 0; k < recording.info.classes; ++k) {
        const float value = recording.logits_at(row, t)[k];
        if (t <= sample.record.steps) {
          ASSERT_EQ(value, sample.logits[(t - 1) * recording.info.classes + k]);
        } else {
          ASSERT_TRUE(std::isnan(value));
        }
      }
    }
  }
}

TEST(RecordingFile, GivesBackWhatWasRecorded) {
  const Scratch scratch;
  for (const std::int64_t samples : {1, 255, 256, 257, 1000}) {
    record_rows(scratch.file("run.h5"), sample_info(samples), ascending(samples));
    const Recording recording = read_recording(scratch.file("run.h5"));
    EXPECT_EQ(recording.info, sample_info(samples));
    expect_rows(recording);
  }
}

TEST(RecordingFile, GivesBackThresholdsByStep) {
  RecordingInfo info = sample_info(3);
  info.stop.early_thresholds = {0.5, 0.25};
  const Scratch scratch;
  record_rows(scratch.file("run.h5"), info, ascending(3));
  EXPECT_EQ(read_recording(scratch.file("run.h5")).info, info);
}

TEST(RecordingFile, GivesBackWhenTheReadoutBegan) {
  RecordingInfo info = sample_info(3);
  info.stop.readout_delay = 2;
  const Scratch scratch;
  record_rows(scratch.file("run.h5"), info, ascending(3));
  EXPECT_EQ(bytes_of(scratch.file("run.h5"))[12], 7);
  EXPECT_EQ(read_recording(scratch.file("run.h5")).info, info);
}

TEST(RecordingFile, GivesBackWhatStepsCost) {
  RecordingInfo info = sample_info(20);
  info.step_costs = true;
  info.data_sha256 = std::string(64, 'd');
  const Scratch scratch;
  std::vector<std::vector<StepCost>> costs;
  {
    RecordingWriter writer(scratch.file("run.h5"), info);
    for (std::uint64_t row = 0; row < 20; ++row) {
      const Sample sample(info, static_cast<std::int64_t>(row));
      SampleRecord record = sample.record;
      costs.emplace_back();
      for (std::uint64_t t = 0; t < static_cast<std::uint64_t>(record.steps); ++t)
        costs.back().push_back({row + t, 1000 * row, t << 40});
      EXPECT_THROW(writer.add(record), InternalError);  // the costs are missing
      record.step_costs = costs.back();
      writer.add(record);
    }
    writer.commit();
  }
  const Recording recording = read_recording(scratch.file("run.h5"));
  EXPECT_EQ(recording.info, info);
  for (std::int64_t row = 0; row < 20; ++row) {
    costs[row].resize(info.steps);
    for (std::int64_t t = 0; t < info.steps; ++t)
      ASSERT_EQ(recording.step_costs[row * info.steps + t], costs[row][t]);
  }
}

TEST(RecordingFile, GivesBackWhichSamplesItHolds) {
  RecordingInfo info = sample_info(3);
  const Scratch scratch;
  record_rows(scratch.file("run.h5"), info, ascending(3));
  EXPECT_EQ(bytes_of(scratch.file("run.h5"))[12], 1);
  info.sample_hashes = {7, 5, 6};  // in the order of the samples
  record_rows(scratch.file("run.h5"), info, ascending(3));
  EXPECT_EQ(bytes_of(scratch.file("run.h5"))[12], 5);
  EXPECT_EQ(read_recording(scratch.file("run.h5")).info, info);
  info.sample_hashes.pop_back();
  EXPECT_THROW(RecordingWriter(scratch.file("other.h5"), info), InternalError);
}

TEST(RecordingFile, GivesBackWhatSynapsesTook) {
  RecordingInfo info = sample_info(20);
  info.synapses = {{"conv", 1000}, {"fc", std::int64_t{1} << 33}};
  const Scratch scratch;
  {
    RecordingWriter writer(scratch.file("run.h5"), info);
    for (std::uint64_t row = 0; row < 20; ++row) {
      const Sample sample(info, static_cast<std::int64_t>(row));
      SampleRecord record = sample.record;
      const std::vector<SynapseCost> costs{{row, 0}, {row << 40, 7}};
      EXPECT_THROW(writer.add(record), InternalError);  // the costs are missing
      record.synapse_costs = costs;
      writer.add(record);
    }
    writer.commit();
  }
  const Recording recording = read_recording(scratch.file("run.h5"));
  EXPECT_EQ(recording.info, info);
  for (std::uint64_t row = 0; row < 20; ++row) {
    EXPECT_EQ(recording.synapse_costs[2 * row], (SynapseCost{row, 0}));
    EXPECT_EQ(recording.synapse_costs[2 * row + 1], (SynapseCost{row << 40, 7}));
  }
}

// A sample that was over before the budget, and not stopped, keeps its answer.
TEST(RecordingFile, GivesBackHowLongStepsAndSamplesAre) {
  RecordingInfo info = sample_info(3);
  info.step_ms = 0.5;
  info.binning = "500 us, counts";
  const Scratch scratch;
  {
    RecordingWriter writer(scratch.file("run.h5"), info);
    for (std::int64_t row = 0; row < 3; ++row) {
      Sample sample(info, row);
      sample.record.stopped = sample.record.stopped && row != 1;
      writer.add(sample.record);
    }
    writer.commit();
  }
  const Recording recording = read_recording(scratch.file("run.h5"));
  EXPECT_EQ(recording.info, info);
  const std::int64_t end = recording.exit_steps[1];
  ASSERT_LT(end, info.steps);
  EXPECT_EQ(recording.logits_at(1, info.steps).data(), recording.logits_at(1, end).data());
}

TEST(RecordingFile, RowsWrittenAgainGiveTheSameFile) {
  const Scratch scratch;
  record_rows(scratch.file("run.h5"), sample_info(300), ascending(300));
  const Recording recording = read_recording(scratch.file("run.h5"));
  RecordingWriter writer(scratch.file("again.h5"), recording.info);
  for (std::int64_t row = 0; row < 300; ++row) writer.add(recording.record(row));
  writer.commit();
  EXPECT_EQ(sha256_of_file(scratch.file("again.h5")), sha256_of_file(scratch.file("run.h5")));
}

TEST(RecordingFile, AnyOrderGivesTheSameFile) {
  const Scratch scratch;
  auto order = ascending(1000);
  record_rows(scratch.file("a.h5"), sample_info(1000), order);
  std::reverse(order.begin(), order.end());
  record_rows(scratch.file("b.h5"), sample_info(1000), order);
  EXPECT_EQ(bytes_of(scratch.file("a.h5")), bytes_of(scratch.file("b.h5")));
  std::shuffle(order.begin(), order.end(), std::mt19937_64(1));
  record_rows(scratch.file("c.h5"), sample_info(1000), order);
  EXPECT_EQ(bytes_of(scratch.file("a.h5")), bytes_of(scratch.file("c.h5")));
}

TEST(RecordingFile, HoldsManyClassesAndNoLayers) {
  RecordingInfo info = sample_info(3);
  info.classes = 200'000;
  info.layers.clear();
  const Scratch scratch;
  const std::vector<float> logits(info.classes, 0.5F);
  {
    RecordingWriter writer(scratch.file("run.h5"), info);
    for (int row = 0; row < 3; ++row) writer.add({info.first + row, -1, 1, true, logits, {}});
    writer.commit();
  }
  const Recording recording = read_recording(scratch.file("run.h5"));
  EXPECT_EQ(recording.labels, (std::vector<std::int64_t>{-1, -1, -1}));
  EXPECT_EQ(recording.logits_at(2, 1)[199'999], 0.5F);
}

TEST(RecordingFile, LeavesNothingWithoutCommit) {
  const Scratch scratch;
  {
    RecordingWriter writer(scratch.file("run.h5"), sample_info(600));
    for (int row = 0; row < 300; ++row) writer.add(Sample(sample_info(600), row).record);
    EXPECT_THROW(writer.commit(), InternalError);  // half of them are missing
  }
  EXPECT_TRUE(scratch.empty());
}

TEST(RecordingFile, RefusesSamplesThatDoNotFit) {
  const Scratch scratch;
  const RecordingInfo info = sample_info(10);
  RecordingWriter writer(scratch.file("run.h5"), info);
  const Sample sample(info, 4);
  writer.add(sample.record);
  EXPECT_THROW(writer.add(sample.record), InternalError);
  for (const std::int64_t wrong : {999, 1010, -1}) {
    SampleRecord record = Sample(info, 5).record;
    record.sample = wrong;
    EXPECT_THROW(writer.add(record), InternalError);
  }
  const Sample next(info, 6);
  SampleRecord record = next.record;
  record.steps = 9;
  EXPECT_THROW(writer.add(record), InternalError);
  record = next.record;
  record.spike_counts = record.spike_counts.subspan(1);
  EXPECT_THROW(writer.add(record), InternalError);
}

TEST(RecordingFile, NamesTheFolderItCannotWriteTo) {
  const Scratch scratch;
  EXPECT_THAT(input_error([&] { RecordingWriter(scratch.file("none/run.h5"), sample_info(1)); }),
              HasSubstr("none/run.h5"));
}

TEST(RecordingFile, LeavesNothingOnAFullDisk) {
  const TinyDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "mounting a small disk takes root";
  const RecordingInfo info = sample_info(20'000);
  EXPECT_THAT(input_error([&] { record_rows(disk.file("run.h5"), info, ascending(20'000)); }),
              HasSubstr("No space left"));
  EXPECT_TRUE(disk.empty());
}

TEST(RecordingFile, RefusesDamage) {
  const Scratch scratch;
  record_rows(scratch.file("run.h5"), sample_info(2), ascending(2));
  const std::string whole = bytes_of(scratch.file("run.h5"));
  for (std::size_t i = 0; i < whole.size(); i += 7) {
    scratch.put("cut.h5", whole.substr(0, i));
    ASSERT_FALSE(input_error([&] { read_recording(scratch.file("cut.h5")); }).empty()) << i;
    std::string flipped = whole;
    flipped[i] = static_cast<char>(~flipped[i]);
    scratch.put("flipped.h5", flipped);
    ASSERT_FALSE(input_error([&] { read_recording(scratch.file("flipped.h5")); }).empty()) << i;
  }
}

// Edits behind the seal.
std::string refusal_after(const std::function<void(hid_t file)>& edit) {
  const Scratch scratch;
  const std::string path = scratch.file("run.h5");
  record_rows(path, sample_info(5), ascending(5));
  {
    const hdf5::Session session;
    const hdf5::File file(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), "open");
    edit(file.get());
  }
  std::string bytes = bytes_of(path);
  seal(bytes, FileKind::recording, recording_file_version);
  scratch.put("run.h5", bytes);
  return input_error([&] { read_recording(path); });
}

void replace(hid_t file, const char* name, const hdf5::Entry& value) {
  H5Adelete(file, name);
  hdf5::write_attribute(file, name, value);
}

TEST(RecordingFile, ReportsAllFaultsAtOnce) {
  const std::string types = refusal_after([](hid_t file) {
    replace(file, "steps", 8.0);
    H5Adelete(file, "device");
    replace(file, "layer_names", std::vector<std::string>{"one"});
  });
  EXPECT_THAT(types, HasSubstr("/steps: is a real, expected an integer"));
  EXPECT_THAT(types, HasSubstr("/device: is missing"));
  EXPECT_THAT(types, HasSubstr("/layer_names: 1 names for 2 numbers"));
  const std::string sizes = refusal_after([](hid_t file) {
    replace(file, "samples", std::int64_t{6});
    H5Ldelete(file, "stopped", H5P_DEFAULT);
  });
  EXPECT_THAT(sizes, HasSubstr("/label: has shape 5, expected 6"));
  EXPECT_THAT(sizes, HasSubstr("/logits: has shape 5x8x3, expected 6x8x3"));
  EXPECT_THAT(sizes, HasSubstr("/stopped: is missing"));
  EXPECT_THAT(refusal_after([](hid_t file) { replace(file, "classes", std::int64_t{-3}); }),
              HasSubstr("/classes: is -3"));
  EXPECT_THAT(
      refusal_after([](hid_t file) { hdf5::write_attribute(file, "readout_delay", std::int64_t{8}); }),
      HasSubstr("/readout_delay: is 8, expected 0 to 7"));
}

TEST(RecordingFile, RefusesRowsThatContradictThemselves) {
  const std::string message = refusal_after([](hid_t file) {
    const std::int64_t exits[] = {0, 9, 1, 1, 1};
    const hdf5::Dataset dataset(H5Dopen2(file, "exit_step", H5P_DEFAULT), "open");
    H5Dwrite(dataset.get(), H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, exits);
  });
  EXPECT_THAT(message, HasSubstr("/exit_step[0]: is 0, expected 1 to 8"));
  EXPECT_THAT(message, HasSubstr("/exit_step[1]: is 9, expected 1 to 8"));
  EXPECT_THAT(message, HasSubstr("has numbers after its exit at step 1"));
}

}  // namespace
}  // namespace rheobase
