#include "experiments/data/lz4_frame.h"

#include <fmt/format.h>
#include <lz4frame.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace rheobase {
namespace {

struct Free {
  void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};

std::unique_ptr<LZ4F_dctx, Free> new_context() {
  LZ4F_dctx* context = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) != 0) throw std::bad_alloc();
  return std::unique_ptr<LZ4F_dctx, Free>(context);
}

}  // namespace

std::vector<std::uint8_t> unpack_lz4_frame(std::span<const std::uint8_t> frame, std::uint64_t most) {
  constexpr std::uint64_t block = 1 << 18;
  const auto context = new_context();
  std::vector<std::uint8_t> bytes;
  std::size_t used = 0;  // of bytes
  while (true) {
    if (used == most) throw std::runtime_error(fmt::format("unpacks to more than {} bytes", most));
    bytes.resize(used + std::min(block, most - used));  // grows with what is there
    std::size_t written = bytes.size() - used, taken = frame.size();
    const std::size_t left =
        LZ4F_decompress(context.get(), bytes.data() + used, &written, frame.data(), &taken, nullptr);
    if (LZ4F_isError(left) != 0)
      throw std::runtime_error(fmt::format("is damaged: liblz4 says {}", LZ4F_getErrorName(left)));
    used += written;
    frame = frame.subspan(taken);
    if (left == 0) break;
    if (taken == 0 && written == 0) throw std::runtime_error("is damaged: its LZ4 frame is cut short");
  }
  if (!frame.empty()) throw std::runtime_error("is damaged: bytes are left behind its LZ4 frame");
  bytes.resize(used);
  return bytes;
}

}  // namespace rheobase
