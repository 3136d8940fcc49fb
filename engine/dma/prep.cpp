// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/dma/prep.h"

#include <cerrno>
#include <new>
#include <utility>

namespace dmasim {
namespace {

bool may_serve(const PrepContext& context, Direction direction) {
  if (direction == Direction::mem_to_mem) {
    return context.caps.mem_to_mem && context.config.port == nullptr;
  }
  return context.config.port != nullptr && direction == context.config.direction;
}

/// The client's side is memory, the device's side is null.
Chunk slave_chunk(Direction direction, std::byte* memory, size_t bytes) {
  if (direction == Direction::mem_to_dev) return {.src = memory, .dst = nullptr, .bytes = bytes};
  return {.src = nullptr, .dst = memory, .bytes = bytes};
}

/// Adds up the chunks and checks them against the burst of the device.
Result<Transfer> finish(const PrepContext& context, Transfer descriptor) {
  if (!may_serve(context, descriptor.direction)) return Errno{EINVAL};
  if (descriptor.flags.reuse && !context.caps.descriptor_reuse) return Errno{EPERM};
  const bool memory = descriptor.direction == Direction::mem_to_mem;
  const size_t burst = memory ? 1 : context.config.frame_bytes();
  size_t bytes = 0;
  for (const Chunk& chunk : descriptor.chunks) {
    const bool reads = memory || descriptor.direction == Direction::mem_to_dev;
    const bool writes = memory || descriptor.direction == Direction::dev_to_mem;
    if (chunk.bytes == 0 || (reads && chunk.src == nullptr) || (writes && chunk.dst == nullptr)) {
      return Errno{EINVAL};
    }
    if (__builtin_add_overflow(bytes, chunk.bytes, &bytes)) return Errno{EINVAL};
    if (chunk.bytes % burst != 0) descriptor.whole_bursts = false;
  }
  if (__builtin_mul_overflow(bytes, descriptor.frames, &bytes)) return Errno{EINVAL};
  if (bytes == 0 || bytes % burst != 0) return Errno{EINVAL};
  descriptor.total_bytes = bytes;
  descriptor.burst_bytes = burst;
  if (descriptor.cyclic) {
    if (descriptor.period_bytes == 0) descriptor.period_bytes = bytes;
    if (descriptor.period_bytes > bytes || descriptor.period_bytes % burst != 0) {
      return Errno{EINVAL};
    }
  }
  return descriptor;
}

/// The distance from the start of a frame to the start of the next.
ptrdiff_t stride_of(const InterleavedTemplate& layout, bool gaps) {
  ptrdiff_t stride = 0;
  for (const DataChunk& chunk : layout.sgl) {
    stride += static_cast<ptrdiff_t>(chunk.size) + (gaps ? chunk.icg : 0);
  }
  return stride;
}

/// The chunks of the first frame.
std::vector<Chunk> first_frame(const InterleavedTemplate& layout) {
  std::vector<Chunk> chunks;
  ptrdiff_t src_offset = 0;
  ptrdiff_t dst_offset = 0;
  for (const DataChunk& chunk : layout.sgl) {
    chunks.push_back({.src = layout.src_start ? layout.src_start + src_offset : nullptr,
                      .dst = layout.dst_start ? layout.dst_start + dst_offset : nullptr,
                      .bytes = chunk.size});
    src_offset += static_cast<ptrdiff_t>(chunk.size) + (layout.src_sgl ? chunk.icg : 0);
    dst_offset += static_cast<ptrdiff_t>(chunk.size) + (layout.dst_sgl ? chunk.icg : 0);
  }
  return chunks;
}

/// Runs `make` and turns std::bad_alloc into ENOMEM.
template <typename Make>
Result<Transfer> guarded(Make make) {
  try {
    return make();
  } catch (const std::bad_alloc&) {
    return Errno{ENOMEM};
  }
}

}  // namespace

Result<Transfer> make_cyclic(const PrepContext& context, std::span<std::byte> buffer,
                             size_t period_bytes, Direction direction, PrepFlags flags) {
  if (period_bytes == 0 || direction == Direction::mem_to_mem) return Errno{EINVAL};
  return guarded([&] {
    Transfer descriptor;
    descriptor.direction = direction;
    descriptor.flags = flags;
    descriptor.chunks.push_back(slave_chunk(direction, buffer.data(), buffer.size()));
    descriptor.period_bytes = period_bytes;
    descriptor.cyclic = true;
    return finish(context, std::move(descriptor));
  });
}

Result<Transfer> make_slave_sg(const PrepContext& context, std::span<const SgEntry> list,
                               Direction direction, PrepFlags flags) {
  if (direction == Direction::mem_to_mem) return Errno{EINVAL};
  return guarded([&] {
    Transfer descriptor;
    descriptor.direction = direction;
    descriptor.flags = flags;
    for (const SgEntry& entry : list) {
      descriptor.chunks.push_back(slave_chunk(direction, entry.address, entry.bytes));
    }
    return finish(context, std::move(descriptor));
  });
}

Result<Transfer> make_interleaved(const PrepContext& context, const InterleavedTemplate& layout,
                                  PrepFlags flags) {
  return guarded([&] {
    Transfer descriptor;
    descriptor.direction = layout.direction;
    descriptor.flags = flags;
    descriptor.cyclic = flags.repeat;
    descriptor.chunks = first_frame(layout);
    descriptor.frames = layout.numf;
    descriptor.src_stride = stride_of(layout, layout.src_sgl);
    descriptor.dst_stride = stride_of(layout, layout.dst_sgl);
    return finish(context, std::move(descriptor));
  });
}

Result<Transfer> make_memcpy(const PrepContext& context, std::byte* dst, const std::byte* src,
                             size_t bytes, PrepFlags flags) {
  return guarded([&] {
    Transfer descriptor;
    descriptor.direction = Direction::mem_to_mem;
    descriptor.flags = flags;
    descriptor.chunks.push_back({.src = src, .dst = dst, .bytes = bytes});
    return finish(context, std::move(descriptor));
  });
}

}  // namespace dmasim
