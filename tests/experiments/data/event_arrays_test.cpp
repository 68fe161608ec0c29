#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <functional>
#include <limits>

#include "sim/hdf5/entry.h"
#include "tests/experiments/data/event_files.h"

namespace rheobase {

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

using EventArrays = EventFiles;

std::string archive(const std::string& x, const std::string& y, const std::string& t, const std::string& p) {
  return zip_file({{"x", x}, {"y", y}, {"t", t}, {"p", p}});
}

std::string bytes_of_doubles(const std::vector<double>& values) {
  std::vector<std::uint64_t> bits;
  for (const double value : values) bits.push_back(std::bit_cast<std::uint64_t>(value));
  return words<8>(bits);
}

TEST_F(EventArrays, AreReadWhateverPacksThem) {
  const Recording events = some_events(20000);
  for (const std::size_t at_once : {7, 50000}) {
    EXPECT_EQ(read("a.npz", npz_recording(events), at_once), events);
    EXPECT_EQ(read("b.npz", npz_recording(events, true), at_once), events);
    EXPECT_EQ(read("a.h5", hdf5_recording(events), at_once), events);
    EXPECT_EQ(read("a.hdf5", hdf5_recording(events, "events"), at_once), events);
    EXPECT_EQ(read("b.h5", hdf5_recording(events, "", 300), at_once), events);
    EXPECT_EQ(read("c.h5", hdf5_recording(events, "events", 20000), at_once), events);
  }
  EXPECT_EQ(open("a.npz", npz_recording(events))->sensor(), std::nullopt);
  EXPECT_THAT(read("a.npz", npz_recording({})), IsEmpty());
  EXPECT_THAT(read("a.h5", hdf5_recording({})), IsEmpty());
}

TEST_F(EventArrays, MayHaveNumbersOfAnyWidth) {
  const std::string place = npy_file("|u1", "(2,)", "\1\2"),
                    p = npy_file("|u1", "(2,)", std::string("\0\1", 2));
  const Recording expected{{258, 1, 1, false}, {1027, 2, 2, true}};
  EXPECT_EQ(read("a.npz", archive(place, place, npy_file(">i2", "(2,)", std::string("\1\2\4\3", 4)), p)),
            expected);
  EXPECT_EQ(read("a.npz",
                 archive(npy_file("<i4", "(2,)", words<4>({1, 2})), npy_file("<i8", "(2,)", words<8>({1, 2})),
                         npy_file("<u8", "(2,)", words<8>({258, 1027})), p)),
            expected);
  EXPECT_EQ(read("a.npz", archive(place, place, npy_file("<u4", "(2,)", words<4>({258, 1027})),
                                  npy_file("|b1", "(2,)", std::string("\0\1", 2)))),
            expected);
  EXPECT_EQ(read("a.npz", archive(place, place, npy_file("<u4", "(2,)", words<4>({258, 1027})),
                                  npy_file("|i1", "(2,)", "\xff\1"))),
            expected);
}

TEST_F(EventArrays, MayHaveTimesInSeconds) {
  const std::string place = npy_file("|u1", "(2,)", "\1\2"), p = npy_file("|u1", "(2,)", "\1\1");
  const auto with_times = [&](const std::string& type, const std::string& values) {
    return archive(place, place, npy_file(type, "(2,)", values), p);
  };
  EXPECT_EQ(read("a.npz", with_times("<f8", bytes_of_doubles({0.000123, 1.5}))),
            (Recording{{123, 1, 1, true}, {1500000, 2, 2, true}}));
  EXPECT_EQ(read("a.npz", with_times("<f4", words<4>({0x3F000000, 0x3FC00000}))),
            (Recording{{500000, 1, 1, true}, {1500000, 2, 2, true}}));
  EXPECT_THAT(refusal("a.npz", with_times("<f8", bytes_of_doubles({1000, 1500000}))),
              AllOf(HasSubstr("a.npz: t: real numbers are seconds, but these are all whole"),
                    HasSubstr("t.astype('int64')")));
  EXPECT_THAT(
      refusal("a.npz", with_times("<f8", bytes_of_doubles({0, std::numeric_limits<double>::infinity()}))),
      HasSubstr("event 1: has t inf s"));
  EXPECT_THAT(refusal("a.npz", with_times("<f8", bytes_of_doubles({std::nan(""), 0}))),
              HasSubstr("event 0: has t nan s"));
}

TEST_F(EventArrays, AreRefusedWhereTheyAreNoEvents) {
  const std::string one = npy_file("|u1", "(1,)", "\1"), two = npy_file("|u1", "(2,)", "\1\1");
  const auto npz = [&](const std::string& x, const std::string& y, const std::string& t,
                       const std::string& p) { return refusal("a.npz", archive(x, y, t, p)); };
  EXPECT_THAT(refusal("a.npz", zip_file({{"events", two}})),
              AllOf(HasSubstr("x: is missing: the archive holds events; save numpy.savez(FILE, x=..., y=..., "
                              "t=..., p=...)"),
                    HasSubstr("p: is missing")));
  EXPECT_THAT(npz(two, one, two, two), HasSubstr("a.npz: y: has 1 values, but x has 2"));
  EXPECT_THAT(npz(npy_file("<f4", "(2,)", words<4>({0, 0})), two, two, two),
              HasSubstr("x: values of type f4, expected integers: save it by astype('int64')"));
  EXPECT_THAT(npz(two, two, npy_file("<f2", "(2,)", words<2>({0, 0})), two),
              HasSubstr("t: values of type f2, expected integers in us or real numbers in s"));
  EXPECT_THAT(npz(two, two, two, npy_file("<f8", "(2,)", bytes_of_doubles({0, 1}))),
              HasSubstr("p: values of type f8, expected integers"));
  EXPECT_THAT(npz(npy_file("|u1", "(2, 1)", "\1\1"), two, two, two), HasSubstr("x: rank 2, expected a list"));
  EXPECT_THAT(npz(npy_file("|i1", "(2,)", "\1\xfe"), two, two, two), HasSubstr("event 1: is at x -2"));
  EXPECT_THAT(npz(two, npy_file("<u8", "(2,)", words<8>({1, ~std::uint64_t{0}})), two, two),
              HasSubstr("event 1: is at y 9223372036854775807"));
  EXPECT_THAT(npz(two, two, npy_file("<i8", "(2,)", words<8>({1, std::uint64_t{1} << 54})), two),
              HasSubstr("event 1: has t 18014398509481984 us"));
  EXPECT_THAT(npz(two, two, two, npy_file("|u1", "(2,)", "\1\xff")),
              HasSubstr("event 1: has p 255, expected 0 or 1, or -1 or 1"));
  EXPECT_THAT(npz(two, two, two, npy_file("|i1", "(2,)", std::string("\0\xff", 2))),
              HasSubstr("event 1: has p -1, and others have 0: which got darker?"));
  EXPECT_THAT(refusal("a.npz", "no archive"), HasSubstr("a.npz: cannot be read as a zip archive"));
}

TEST_F(EventArrays, FailWhereTheyWereDamaged) {
  const Recording events = some_events(20000);
  for (const bool deflate : {false, true}) {
    std::string file = npz_recording(events, deflate);
    file[file.size() / 2] ^= 1;
    EXPECT_THAT(refusal("a.npz", file), HasSubstr("damaged"));
  }
}

// A file of what `fill` writes.
std::string hdf5_file(const std::function<void(hid_t file)>& fill) {
  const hdf5::Session session;
  hdf5::MemoryFile file(0);
  fill(file.id());
  return file.finish();
}

void put(hid_t group, const std::string& name, hid_t stored, const std::vector<double>& values) {
  hdf5::write_dataset(group, name, {static_cast<std::int64_t>(values.size())}, stored, H5T_NATIVE_DOUBLE,
                      values.data());
}

TEST_F(EventArrays, OfHdf5MayHaveNumbersOfAnyKind) {
  EXPECT_EQ(read("a.h5", hdf5_file([](hid_t file) {
                   put(file, "x", H5T_STD_I8LE, {1, 2});
                   put(file, "y", H5T_STD_U32BE, {1, 2});
                   put(file, "t", H5T_IEEE_F64BE, {0.000123, 1.5});
                   const hdf5::Datatype boolean(H5Tenum_create(H5T_STD_I8LE), "make a type");  // as h5py does
                   const std::int8_t no = 0, yes = 1;
                   H5Tenum_insert(boolean.get(), "FALSE", &no);
                   H5Tenum_insert(boolean.get(), "TRUE", &yes);
                   const std::int8_t values[] = {0, 1};
                   hdf5::write_dataset(file, "p", {2}, boolean.get(), boolean.get(), values);
                 })),
            (Recording{{123, 1, 1, false}, {1500000, 2, 2, true}}));
}

TEST_F(EventArrays, OfHdf5AreRefusedWhereTheyAreNoEvents) {
  EXPECT_THAT(
      refusal("a.h5", hdf5_file([](hid_t file) {
                put(file, "x", H5T_IEEE_F32LE, {1, 2});
              })),
      AllOf(HasSubstr("a.h5: x: values of another type, expected integers"),
            HasSubstr("t: is missing: a recording has the datasets x, y, t and p, at its root or in a "
                      "group events")));
  EXPECT_THAT(refusal("a.h5", hdf5_file([](hid_t file) {
                        for (const char* const name : {"x", "t", "p"}) put(file, name, H5T_STD_I8LE, {1, 1});
                        put(file, "y", H5T_STD_I8LE, {1, 1, 1});
                      })),
              HasSubstr("a.h5: y: has 3 values, but x has 2"));
  EXPECT_THAT(refusal("a.h5", hdf5_file([](hid_t file) {
                        for (const char* const name : {"x", "y", "p"}) put(file, name, H5T_STD_I8LE, {1, 1});
                        put(file, "t", H5T_STD_I64LE, {0, 1e17});
                      })),
              HasSubstr("event 1: has t 100000000000000000 us"));
  EXPECT_THAT(refusal("a.h5", "no HDF5"), HasSubstr("a.h5: libhdf5 cannot open the file"));
}

// Neither links nor storage elsewhere: the events shall be those of this file.
TEST_F(EventArrays, OfHdf5DoNotLeadOutOfTheirFile) {
  scratch_.put("other.h5", hdf5_recording(some_events(2), "events"));
  const std::string other = scratch_.file("other.h5");
  EXPECT_THAT(refusal("a.h5", hdf5_file([&](hid_t file) {
                        H5Lcreate_external(other.c_str(), "/events", file, "events", H5P_DEFAULT,
                                           H5P_DEFAULT);
                      })),
              HasSubstr("a.h5: events: is a link, which may lead out of the file: copy the group itself"));
  EXPECT_THAT(refusal("a.h5", hdf5_file([&](hid_t file) {
                        H5Lcreate_external(other.c_str(), "/events/x", file, "x", H5P_DEFAULT, H5P_DEFAULT);
                      })),
              HasSubstr("a.h5: x: is a link, which may lead out of the file: copy the dataset itself"));
  const std::string raw = scratch_.put("raw", "12");
  EXPECT_THAT(refusal("a.h5", hdf5_file([&](hid_t file) {
                        const hsize_t extents[] = {2};
                        const hdf5::Dataspace space(H5Screate_simple(1, extents, nullptr), "shape");
                        const hdf5::PropertyList external = hdf5::dataset_properties();
                        H5Pset_external(external.get(), raw.c_str(), 0, 2);
                        const hdf5::Dataset made(H5Dcreate2(file, "x", H5T_STD_U8LE, space.get(), H5P_DEFAULT,
                                                            external.get(), H5P_DEFAULT),
                                                 "make");
                      })),
              HasSubstr("x: keeps its values in other files: copy them into this one"));
}

// Values that were never written, more of them than anything could have been packed into.
TEST_F(EventArrays, OfHdf5ClaimNoMoreThanTheyHave) {
  const auto claim = [](hid_t file, hsize_t count, hsize_t chunk) {
    for (const char* const name : {"x", "y", "t", "p"}) {
      const hdf5::Dataspace space(H5Screate_simple(1, &count, nullptr), "shape");
      const hdf5::PropertyList layout = hdf5::dataset_properties();
      if (chunk > 0) H5Pset_chunk(layout.get(), 1, &chunk);
      const hdf5::Dataset made(
          H5Dcreate2(file, name, H5T_STD_U8LE, space.get(), H5P_DEFAULT, layout.get(), H5P_DEFAULT), "make");
    }
  };
  EXPECT_THAT(refusal("a.h5", hdf5_file([&](hid_t file) { claim(file, hsize_t{1} << 40, 0); })),
              HasSubstr("x: 1099511627776 values, which the file does not have"));
  EXPECT_THAT(refusal("a.h5", hdf5_file([&](hid_t file) { claim(file, hsize_t{1} << 40, 1 << 20); })),
              HasSubstr("x: 1099511627776 values, which the file does not have"));
  EXPECT_THAT(
      refusal("a.h5", hdf5_file([&](hid_t file) { claim(file, hsize_t{1} << 30, hsize_t{1} << 30); })),
      HasSubstr("x: lies in chunks of 1073741824 values, at most 67108864 are read: copy the file by "
                "h5repack -l CHUNK=65536"));
}

}  // namespace
}  // namespace rheobase
