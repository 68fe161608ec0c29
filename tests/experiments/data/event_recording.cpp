#include "tests/experiments/data/event_recording.h"

#include <lz4frame.h>
#include <zip.h>

#include <algorithm>
#include <span>
#include <stdexcept>

#include "sim/hdf5/entry.h"

namespace rheobase {

std::string evt2_words(const std::vector<CameraEvent>& events) {
  std::vector<std::uint64_t> all;
  std::int64_t high = -1;
  for (const CameraEvent& e : events) {
    if (high != e.time_us >> 6) {
      high = e.time_us >> 6;
      all.push_back(0x8U << 28 | (high & 0xFFFFFFF));
    }
    all.push_back((e.on ? 1U : 0U) << 28 | (e.time_us & 0x3F) << 22 | e.x << 11 | e.y);
  }
  return words<4>(all);
}

std::string evt3_words(const std::vector<CameraEvent>& events) {
  std::vector<std::uint64_t> all;
  std::int64_t high = -1, low = 0, row = -1;
  for (const CameraEvent& e : events) {
    if (high != e.time_us >> 12) {
      high = e.time_us >> 12;
      low = 0;
      all.push_back(0x8000 | (high & 0xFFF));
    }
    if (low != (e.time_us & 0xFFF)) {
      low = e.time_us & 0xFFF;
      all.push_back(0x6000 | low);
    }
    if (row != e.y) {
      row = e.y;
      all.push_back(e.y);
    }
    all.push_back(0x2000 | (e.on ? 0x800 : 0) | e.x);
  }
  return words<2>(all);
}

std::string dat_file(const std::vector<CameraEvent>& events) {
  std::string file = "% Data file containing CD events\n% Version 2\n% Width 640\n% Height 480\n\x0c\x08";
  for (const CameraEvent& e : events) {
    const std::int64_t place = (e.on ? 1 : 0) << 28 | e.y << 14 | e.x;
    file += words<4>({static_cast<std::uint64_t>(e.time_us & 0xFFFFFFFF), static_cast<std::uint64_t>(place)});
  }
  return file;
}

namespace {

// FlatBuffers by hand: where the root table is, what the buffer is, the list of the table's fields, the
// table.
std::string aedat4_header(const Aedat4Options& options, std::int64_t table_at) {
  std::string info = "<dv version=\"2.0\">\n <node name=\"outInfo\" path=\"/outInfo/\">\n";
  for (int i = 0; i <= options.event_streams; ++i) {
    info += "<node name=\"";
    info += std::to_string(i);
    info += "\" path=\"\"><attr key=\"typeIdentifier\" type=\"string\">";
    info += i == 0 ? "FRME" : "EVTS";
    info += "</attr>";
    info += "<node name=\"info\" path=\"\"><attr key=\"sizeX\" type=\"int\">640</attr>";
    info += "<attr key=\"sizeY\" type=\"int\">480</attr></node></node>\n";
  }
  info += "</node></dv>\n";
  const std::int32_t compression = options.compression >= 0 ? options.compression : options.lz4 ? 1 : 0;
  return words<4>({20}) + "IOHE" + words<2>({10, 28, 4, 20, 8, 0}) +
         words<4>({12, static_cast<std::uint64_t>(compression), 20, 0, 0}) +
         words<8>({static_cast<std::uint64_t>(table_at)}) + words<4>({info.size()}) + info + '\0';
}

std::string aedat4_packet(std::span<const CameraEvent> events) {
  std::string packet = words<4>({16}) + "EVTS" + words<2>({6, 8, 4, 0}) + words<4>({8, 4, events.size()});
  for (const CameraEvent& e : events) {
    packet += words<8>({static_cast<std::uint64_t>(e.time_us)});
    packet += words<2>({static_cast<std::uint64_t>(e.x), static_cast<std::uint64_t>(e.y), e.on ? 1U : 0U, 0});
  }
  return words<4>({packet.size()}) + packet;
}

std::string lz4_frame(const std::string& bytes) {
  std::string frame(LZ4F_compressFrameBound(bytes.size(), nullptr), '\0');
  frame.resize(LZ4F_compressFrame(frame.data(), frame.size(), bytes.data(), bytes.size(), nullptr));
  return frame;
}

}  // namespace

std::string aedat4_file(const std::vector<CameraEvent>& events, const Aedat4Options& options) {
  constexpr std::size_t at_once = 5;
  std::string packets = words<4>({0, 3}) + "XYZ";  // of another stream
  for (std::size_t i = 0; i < events.size(); i += at_once) {
    const std::string packet =
        aedat4_packet(std::span(events).subspan(i, std::min(at_once, events.size() - i)));
    const std::string packed = options.lz4 ? lz4_frame(packet) : packet;
    packets += words<4>({1, packed.size()}) + packed;
  }
  const std::string start = "#!AER-DAT4.0\r\n";
  const std::size_t header_bytes = aedat4_header(options, 0).size();
  const std::size_t end = start.size() + 4 + header_bytes + packets.size();
  return start + words<4>({header_bytes}) +
         aedat4_header(options, options.interrupted ? -1 : static_cast<std::int64_t>(end)) + packets;
}

std::string npy_file(const std::string& type, const std::string& shape, const std::string& values) {
  const std::string text = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
  return std::string("\x93NUMPY\1\0", 8) + static_cast<char>(text.size() & 255) +
         static_cast<char>(text.size() >> 8) + text + values;
}

std::string zip_file(const std::vector<std::pair<std::string, std::string>>& members, bool deflate) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* const bytes = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_source_keep(bytes);  // beyond the archive
  zip_t* const archive = zip_open_from_source(bytes, ZIP_CREATE | ZIP_TRUNCATE, &error);
  for (const auto& [name, contents] : members) {
    zip_source_t* const source = zip_source_buffer(archive, contents.data(), contents.size(), 0);
    const auto at = zip_file_add(archive, (name + ".npy").c_str(), source, 0);
    const zip_int32_t method = deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE;
    const auto index = static_cast<zip_uint64_t>(at);
    if (at < 0 || zip_set_file_compression(archive, index, method, 0) != 0 ||
        zip_file_set_mtime(archive, index, 0, 0) != 0)
      throw std::runtime_error("no archive");
  }
  zip_stat_t found;
  if (zip_close(archive) != 0 || zip_source_stat(bytes, &found) != 0 || zip_source_open(bytes) != 0)
    throw std::runtime_error("no archive");
  std::string file(found.size, '\0');
  zip_source_read(bytes, file.data(), file.size());
  zip_source_close(bytes);
  zip_source_free(bytes);
  return file;
}

namespace {

// Column by column, each event's value.
std::vector<std::uint64_t> values_of(const std::vector<CameraEvent>& events, char column) {
  std::vector<std::uint64_t> values;
  for (const CameraEvent& e : events) {
    const std::int64_t value = column == 'x' ? e.x : column == 'y' ? e.y : column == 't' ? e.time_us : e.on;
    values.push_back(static_cast<std::uint64_t>(value));
  }
  return values;
}

void put_column(hid_t group, char column, const std::vector<CameraEvent>& events, std::uint64_t chunk) {
  const hid_t stored = column == 't' ? H5T_STD_I64LE : column == 'p' ? H5T_STD_U8LE : H5T_STD_U16LE;
  const hsize_t extents[] = {events.size()}, chunks[] = {chunk};
  const hdf5::Dataspace space(H5Screate_simple(1, extents, nullptr), "shape");
  const hdf5::PropertyList layout = hdf5::dataset_properties();
  if (chunk > 0) {
    hdf5::checked(H5Pset_chunk(layout.get(), 1, chunks), "chunk");
    hdf5::checked(H5Pset_deflate(layout.get(), 1), "deflate");
  }
  const std::string name(1, column);
  const hdf5::Dataset dataset(
      H5Dcreate2(group, name.c_str(), stored, space.get(), H5P_DEFAULT, layout.get(), H5P_DEFAULT), "make");
  const std::vector<std::uint64_t> values = values_of(events, column);
  hdf5::checked(H5Dwrite(dataset.get(), H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
                "write");
}

}  // namespace

std::string npz_recording(const std::vector<CameraEvent>& events, bool deflate) {
  const std::string shape = "(" + std::to_string(events.size()) + ",)";
  return zip_file({{"x", npy_file("<u2", shape, words<2>(values_of(events, 'x')))},
                   {"y", npy_file("<u2", shape, words<2>(values_of(events, 'y')))},
                   {"t", npy_file("<i8", shape, words<8>(values_of(events, 't')))},
                   {"p", npy_file("|u1", shape, words<1>(values_of(events, 'p')))}},
                  deflate);
}

std::string hdf5_recording(const std::vector<CameraEvent>& events, const std::string& group,
                           std::uint64_t chunk) {
  const hdf5::Session session;
  hdf5::MemoryFile file(0);
  {
    const hdf5::Group inner = group.empty() ? hdf5::Group() : hdf5::create_group(file.id(), group);
    for (const char column : {'x', 'y', 't', 'p'})
      put_column(group.empty() ? file.id() : inner.get(), column, events, chunk);
  }
  return file.finish();
}

}  // namespace rheobase
