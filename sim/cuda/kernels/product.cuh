#pragma once
// Synapses on the int8 tensor cores, with whatever follows as the epilogue. The sum has no order, so rows and
// channels lie as the matrix instruction likes them (product_shape.h).
#include <algorithm>

#include "sim/cuda/device/device_ops.cuh"
#include "sim/cuda/kernels/cuda_kernel.h"
#include "sim/cuda/kernels/synapse.h"

namespace rheobase::cuda {

inline constexpr int product_threads = 128;            // 4 warps,
inline constexpr int product_mt = 2;                   // each with 2 x 16 output pixels
inline constexpr int tile_rows = 4 * 16 * product_mt;  // output pixels of a block's tile
inline constexpr int tile_words = 16;                  // of a row that are in shared memory at a time
inline constexpr int row_stride = tile_words + 1;      // odd: rows begin in different banks
inline constexpr std::size_t product_shared_bytes = std::size_t{4} * tile_rows * row_stride;

/// Words of a row of the tile that one unit takes.
__host__ __device__ constexpr int unit_words(ProductForm form) { return form == ProductForm::bits ? 1 : 8; }

// Where a tap reads, or -1 in the padding.
__device__ inline std::int32_t pixel_under(const ProductShape& shape, std::int32_t pixel, std::int32_t tap) {
  const std::int32_t y =
      pixel / shape.out_width * shape.stride_h - shape.pad_top + tap / shape.kernel_w * shape.dilation_h;
  const std::int32_t x =
      pixel % shape.out_width * shape.stride_w - shape.pad_left + tap % shape.kernel_w * shape.dilation_w;
  return y >= 0 && y < shape.height && x >= 0 && x < shape.width ? y * shape.width + x : -1;
}

// 32 rows of one output pixel: the bits of its taps laid end to end. What lies beyond the last row meets
// weights of 0.
__device__ inline std::uint32_t gather_bits(const ProductShape& shape, const DeviceSignal& input,
                                            std::int32_t slot, std::int32_t pixel, std::int32_t word) {
  const auto* words = input.of<const std::uint32_t>(slot);
  std::uint32_t result = 0;
  std::int32_t row = word * unit_rows;
  for (std::int32_t filled = 0; filled < 32;) {
    const std::int32_t channel = row % shape.channels;
    std::int32_t take = 32 - filled;
    take = take < shape.channels - channel ? take : shape.channels - channel;
    take = take < 32 - channel % 32 ? take : 32 - channel % 32;
    const std::int32_t from = pixel_under(shape, pixel, row / shape.channels);
    // What lies above the taken bits is 0, or is shifted out.
    if (from >= 0)
      result |= words[std::int64_t{from} * input.words + channel / 32] >> (channel % 32) << filled;
    filled += take;
    row += take;
  }
  return result;
}

// 4 rows of one output pixel, a byte each; beyond the last row as above.
__device__ inline std::uint32_t gather_bytes(const ProductShape& shape, const DeviceSignal& input,
                                             std::int32_t slot, std::int32_t pixel, std::int32_t word) {
  const auto* numbers = input.of<const std::int16_t>(slot);
  std::uint32_t result = 0;
  for (std::int32_t i = 0; i < 4; ++i) {
    const std::int32_t row = 4 * word + i;
    const std::int32_t from = pixel_under(shape, pixel, row / shape.channels);
    if (from < 0) continue;
    const std::int32_t number = numbers[std::int64_t{from} * shape.channels + row % shape.channels];
    result |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(number)) << (8 * i);
  }
  return result;
}

/// Where an epilogue is: four neighbouring channels of one output pixel.
struct OutputPlace {
  std::int32_t slot;
  bool fresh;  ///< the sample's first step
  std::int32_t pixel;
  std::int32_t channel;  ///< the first of them; beyond the channels where those are no multiple of 4
};

/// Output pixel `index` among those of all active slots.
__device__ inline OutputPlace place_of(const ProductShape& shape, const ActiveSlots& active,
                                       std::int32_t index) {
  const std::int32_t slot = active.slot[index / shape.out_pixels];
  return {slot, active.time[slot] == 0, index % shape.out_pixels, 0};
}

/// Fills the tile with `words` words a row from `first_word` on; zeros where there is no such pixel.
template <ProductForm form>
__device__ void gather_tile(std::uint32_t* tile, const ProductShape& shape, const DeviceSignal& input,
                            const ActiveSlots& active, std::int32_t first_index, std::int32_t total,
                            std::int32_t first_word) {
  for (int i = static_cast<int>(threadIdx.x); i < tile_rows * tile_words; i += product_threads) {
    const std::int32_t index = first_index + i / tile_words, word = first_word + i % tile_words;
    std::uint32_t value = 0;
    if (index < total && word < shape.units * unit_words(form)) {
      const std::int32_t slot = active.slot[index / shape.out_pixels], pixel = index % shape.out_pixels;
      value = form == ProductForm::bits ? gather_bits(shape, input, slot, pixel, word)
                                        : gather_bytes(shape, input, slot, pixel, word);
    }
    tile[i / tile_words * row_stride + i % tile_words] = value;
  }
}

/// The warp's rows of one unit as the matrix instruction takes them. `rows` is row lane / 4 of the warp's.
template <ProductForm form>
__device__ inline void load_rows(std::uint32_t (&a)[product_mt][4], const std::uint32_t* rows, int unit,
                                 int lane) {
  const int t = lane % 4;
#pragma unroll
  for (int m = 0; m < product_mt; ++m) {
    const std::uint32_t* upper = rows + 16 * m * row_stride + unit * unit_words(form);
    const std::uint32_t* lower = upper + 8 * row_stride;
    if constexpr (form == ProductForm::bits) {
      a[m][0] = upper[0] >> t & 0x01010101U;
      a[m][1] = lower[0] >> t & 0x01010101U;
      a[m][2] = upper[0] >> (t + 4) & 0x01010101U;
      a[m][3] = lower[0] >> (t + 4) & 0x01010101U;
    } else {
      a[m][0] = upper[t], a[m][1] = lower[t], a[m][2] = upper[4 + t], a[m][3] = lower[4 + t];
    }
  }
}

/// Hands the sums of a warp to the epilogue, 4 channels of a pixel at a time; where it emits spikes, the bits
/// of four threads are joined to a word.
template <int NT, class Epilogue>
__device__ void finish_tile(const std::int32_t (&sums)[product_mt][NT][4], const ProductShape& shape,
                            const std::int32_t* offsets, const ActiveSlots& active, std::int32_t first_index,
                            std::int32_t total, const Epilogue& epilogue) {
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
#pragma unroll
  for (int part = 0; part < 2 * product_mt; ++part) {  // 8 output pixels each
    const std::int32_t index = first_index + warp * 16 * product_mt + part * 8 + lane / 4;
    const bool valid = index < total;
    OutputPlace place = place_of(shape, active, valid ? index : 0);
#pragma unroll
    for (int n = 0; n < NT; n += 4) {  // a word of 32 channels
      std::uint32_t word = 0;
#pragma unroll
      for (int pair = n; pair < n + 4; pair += 2) {
        const int first = pair / 2 * 16 + lane % 4 * 4;
        place.channel = static_cast<std::int32_t>(blockIdx.y) * NT * 8 + first;
        std::int32_t currents[4];
#pragma unroll
        for (int i = 0; i < 4; ++i)
          currents[i] = (offsets[place.channel + i] + sums[part / 2][pair + i / 2][part % 2 * 2 + i % 2]) >>
                        shape.shift;
        if (valid) word |= epilogue(place, currents) << (first % 32);
      }
      if constexpr (Epilogue::emits_spikes) {
        word |= __shfl_xor_sync(0xffffffffU, word, 1);
        word |= __shfl_xor_sync(0xffffffffU, word, 2);
        if (valid && lane % 4 == 0)
          epilogue.write(place, static_cast<std::int32_t>(blockIdx.y) * (NT / 4) + n / 4, word);
      }
    }
  }
}

/// grid.y: blocks of 8 * NT channels. An epilogue is called with a place and four currents and returns which
/// of the four spike; write() stores a finished word.
template <ProductForm form, int NT, class Epilogue>
__global__ void __launch_bounds__(product_threads)
    product_kernel(ProductShape shape, DeviceSignal input, const uint4* weights, const std::int32_t* offsets,
                   ActiveSlots active, Epilogue epilogue) {
  constexpr int chunk_units = tile_words / unit_words(form);
  auto* tile = reinterpret_cast<std::uint32_t*>(dynamic_shared());
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const std::uint32_t* rows = tile + (warp * 16 * product_mt + lane / 4) * row_stride;
  const uint4* own_weights = weights + std::int64_t{blockIdx.y} * shape.units * (NT / 2) * 32 + lane;
  const std::int32_t total = *active.count * shape.out_pixels;
  for (std::int32_t first = static_cast<std::int32_t>(blockIdx.x) * tile_rows; first < total;
       first += static_cast<std::int32_t>(gridDim.x) * tile_rows) {
    std::int32_t sums[product_mt][NT][4] = {};
    for (std::int32_t chunk = 0; chunk < shape.units; chunk += chunk_units) {
      gather_tile<form>(tile, shape, input, active, first, total, chunk * unit_words(form));
      __syncthreads();
      for (int unit = 0; unit < chunk_units && chunk + unit < shape.units; ++unit) {
        std::uint32_t a[product_mt][4], b[NT][2];
        load_rows<form>(a, rows, unit, lane);
#pragma unroll
        for (int n = 0; n < NT; n += 2) {
          const uint4 w = own_weights[(std::int64_t{chunk + unit} * (NT / 2) + n / 2) * 32];
          b[n][0] = w.x, b[n][1] = w.y, b[n + 1][0] = w.z, b[n + 1][1] = w.w;
        }
        mma_s8(sums, a, b);
      }
      __syncthreads();  // all have read the tile: it may be filled again
    }
    finish_tile(sums, shape, offsets, active, first, total, epilogue);
  }
}

/// Stores currents as they are.
struct StoreCurrents {
  static constexpr bool emits_spikes = false;
  DeviceSignal output;
  std::int32_t channels;

  __device__ std::uint32_t operator()(const OutputPlace& place, const std::int32_t (&currents)[4]) const {
    auto* out = output.of<std::int32_t>(place.slot) + std::int64_t{place.pixel} * channels + place.channel;
#pragma unroll
    for (int i = 0; i < 4; ++i)
      if (place.channel + i < channels) out[i] = currents[i];
    return 0;
  }
};

template <ProductForm form, int NT, class Epilogue>
void launch_product(const ProductArguments& product, const CudaStep& step, int most_tiles,
                    const Epilogue& epilogue) {
  const int blocks_y = padded_channels(product.shape.out_channels, NT) / (8 * NT);
  const int blocks_x = std::max(1, std::min(most_tiles, step.most_blocks / blocks_y));
  launch({step.stream, dim3(blocks_x, blocks_y), product_threads, product_shared_bytes},
         product_kernel<form, NT, Epilogue>, product.shape, product.input,
         reinterpret_cast<const uint4*>(product.weights), product.offsets, step.active, epilogue);
}

template <class Epilogue>
void enqueue_product(const ProductArguments& product, const CudaStep& step, const Epilogue& epilogue) {
  const int tiles = static_cast<int>(
      (std::int64_t{step.most_slots} * product.shape.out_pixels + tile_rows - 1) / tile_rows);
  if (product.form == ProductForm::bits)
    product.nt == 4 ? launch_product<ProductForm::bits, 4>(product, step, tiles, epilogue)
                    : launch_product<ProductForm::bits, 8>(product, step, tiles, epilogue);
  else
    product.nt == 4 ? launch_product<ProductForm::bytes, 4>(product, step, tiles, epilogue)
                    : launch_product<ProductForm::bytes, 8>(product, step, tiles, epilogue);
}

}  // namespace rheobase::cuda
