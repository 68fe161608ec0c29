#include "sim/hdf5/handle.h"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace rheobase::hdf5 {
namespace {

std::mutex& library_mutex() {
  static std::mutex mutex;
  return mutex;
}

// libhdf5's reason: the innermost entry of its error stack.
std::string innermost_reason() {
  std::string reason;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned depth, const H5E_error2_t* error, void* text) -> herr_t {
        if (depth == 0 && error->desc != nullptr) *static_cast<std::string*>(text) = error->desc;
        return 0;
      },
      &reason);
  return reason;
}

// The image as libhdf5 keeps it while the file is open, and ours once it is closed.
struct Buffer {
  void* data = nullptr;
  std::size_t size = 0;
};

void* image_malloc(std::size_t size, H5FD_file_image_op_t, void*) { return std::malloc(size); }

void* image_memcpy(void* to, const void* from, std::size_t size, H5FD_file_image_op_t, void*) {
  return std::memcpy(to, from, size);
}

void* image_realloc(void* data, std::size_t size, H5FD_file_image_op_t, void* user) {
  void* const moved = std::realloc(data, size);
  if (moved != nullptr) static_cast<Buffer*>(user)->size = size;
  return moved;
}

// Called when the file is closed: keeps what would be freed.
herr_t image_free(void* data, H5FD_file_image_op_t, void* user) {
  static_cast<Buffer*>(user)->data = data;
  return 0;
}

void* user_copy(void* user) { return user; }
herr_t user_free(void*) { return 0; }

PropertyList untimed(hid_t kind) {
  PropertyList properties(H5Pcreate(kind), "create properties");
  checked(H5Pset_obj_track_times(properties.get(), false), "switch off time stamps");
  return properties;
}

PropertyList in_memory_access(H5FD_file_image_callbacks_t* callbacks) {
  PropertyList access(H5Pcreate(H5P_FILE_ACCESS), "create properties");
  checked(H5Pset_fapl_core(access.get(), std::size_t{1} << 20, false), "choose memory");
  // One layout whatever libhdf5 writes it: superblock 2, which every version since 1.8 reads.
  checked(H5Pset_libver_bounds(access.get(), H5F_LIBVER_V18, H5F_LIBVER_V18), "choose the layout");
  if (callbacks != nullptr) {
    checked(H5Pset_file_image_callbacks(access.get(), callbacks), "choose the memory");
  }
  return access;
}

// The length that superblock 2 states in bytes 28 to 35, counted from the start of the file; the memory that
// holds the image is longer.
std::uint64_t stated_length(const unsigned char* superblock) {
  std::uint64_t length = 0;
  for (int byte = 7; byte >= 0; --byte) length = length << 8 | superblock[28 + byte];
  return length;
}

// libhdf5 takes two open images for one when their names are equal.
std::string unique_name() {
  static std::atomic<std::uint64_t> count{0};
  return "image " + std::to_string(count++);
}

}  // namespace

CallFailed::CallFailed(const char* action)
    : std::runtime_error("libhdf5 cannot " + std::string(action) + ": " + innermost_reason()) {}

Session::Session() : lock_(library_mutex()) {
  H5Eget_auto2(H5E_DEFAULT, &printer_, &printer_data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Session::~Session() { H5Eset_auto2(H5E_DEFAULT, printer_, printer_data_); }

struct MemoryFile::Image : Buffer {};

MemoryFile::MemoryFile(std::size_t user_block) : user_block_(user_block), image_(std::make_unique<Image>()) {
  H5FD_file_image_callbacks_t callbacks{image_malloc, image_memcpy, image_realloc, image_free,
                                        user_copy,    user_free,    image_.get()};
  const PropertyList access = in_memory_access(&callbacks);
  const PropertyList creation = untimed(H5P_FILE_CREATE);
  checked(H5Pset_userblock(creation.get(), user_block), "reserve the user block");
  file_ =
      File(H5Fcreate(unique_name().c_str(), H5F_ACC_TRUNC, creation.get(), access.get()), "create the file");
}

MemoryFile::~MemoryFile() {
  file_.reset();
  std::free(image_->data);
}

std::string MemoryFile::finish() {
  checked(file_.reset(), "close the file");
  constexpr std::size_t superblock_bytes = 48;
  const auto* const bytes = static_cast<const unsigned char*>(image_->data);
  if (bytes == nullptr || image_->size < user_block_ + superblock_bytes) throw CallFailed("keep the image");
  const std::uint64_t length = stated_length(bytes + user_block_);
  if (length < user_block_ + superblock_bytes || length > image_->size) throw CallFailed("keep the image");
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length)};
}

File open_image(const std::string& bytes) {
  const PropertyList access = in_memory_access(nullptr);
  // libhdf5 takes a copy; the pointer is not const in its interface only.
  checked(H5Pset_file_image(access.get(), const_cast<char*>(bytes.data()), bytes.size()), "read the bytes");
  return {H5Fopen(unique_name().c_str(), H5F_ACC_RDONLY, access.get()), "open the file"};
}

PropertyList group_properties() { return untimed(H5P_GROUP_CREATE); }

PropertyList dataset_properties() { return untimed(H5P_DATASET_CREATE); }

Group create_group(hid_t parent, const std::string& name) {
  return {H5Gcreate2(parent, name.c_str(), H5P_DEFAULT, group_properties().get(), H5P_DEFAULT),
          "create a group"};
}

}  // namespace rheobase::hdf5
