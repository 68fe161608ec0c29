#pragma once

// libhdf5 for this repository's .cpp files; no public header includes this one.

#include <hdf5.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

namespace rheobase::hdf5 {

/// A call into libhdf5 failed; what() is the action and libhdf5's own reason.
class CallFailed : public std::runtime_error {
 public:
  explicit CallFailed(const char* action);
};

/// Passes a result through; throws CallFailed where it is negative.
template <class Result>
Result checked(Result result, const char* action) {
  if (result < 0) throw CallFailed(action);
  return result;
}

/// Owns one libhdf5 object.
template <herr_t (*Close)(hid_t)>
class Handle {
 public:
  Handle() = default;
  Handle(hid_t id, const char* action) : id_(checked(id, action)) {}
  ~Handle() { reset(); }
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }

  hid_t get() const { return id_; }
  /// Closes at once; negative where libhdf5 could not.
  herr_t reset() { return id_ >= 0 ? Close(std::exchange(id_, H5I_INVALID_HID)) : 0; }

 private:
  hid_t id_ = H5I_INVALID_HID;
};

using File = Handle<H5Fclose>;
using Group = Handle<H5Gclose>;
using Dataset = Handle<H5Dclose>;
using AttributeHandle = Handle<H5Aclose>;
using Datatype = Handle<H5Tclose>;
using Dataspace = Handle<H5Sclose>;
using PropertyList = Handle<H5Pclose>;

/// Holds libhdf5 for one caller: it is not safe for threads everywhere, and it prints errors unless told not
/// to. Every entry point makes one before its first handle, so that it outlives them all.
class Session {
 public:
  Session();
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

 private:
  std::unique_lock<std::mutex> lock_;
  H5E_auto2_t printer_ = nullptr;
  void* printer_data_ = nullptr;
};

/// A file that is made in memory, because libhdf5 cannot close a file on a full disk. The same calls give the
/// same bytes: no time stamps.
class MemoryFile {
 public:
  /// The first `user_block` bytes are the caller's and zero: 0, 512 or a larger power of 2.
  explicit MemoryFile(std::size_t user_block);
  ~MemoryFile();

  hid_t id() const { return file_.get(); }
  /// Closes the file and gives its bytes. All other handles to it are closed by then.
  std::string finish();

 private:
  struct Image;
  std::size_t user_block_;
  std::unique_ptr<Image> image_;  // before file_, which writes to it until it is closed
  File file_;
};

/// Opens the bytes of a whole file for reading.
File open_image(const std::string& bytes);

/// Property lists without time stamps.
PropertyList group_properties();
PropertyList dataset_properties();

/// A group that is made with group_properties().
Group create_group(hid_t parent, const std::string& name);

}  // namespace rheobase::hdf5
