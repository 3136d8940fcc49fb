// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/properties/shapes.h"

namespace dmasim::properties {
namespace {

void add_run(std::vector<size_t>& places, size_t at, size_t length) {
  for (size_t i = 0; i < length; ++i) places.push_back(at + i);
}

void make_ring(Shape& shape, unsigned a, unsigned b) {
  const size_t frames = 1 + a % 12;
  shape.kind = Shape::Kind::cyclic;
  shape.cyclic = true;
  shape.period = shape.burst * (1 + b % frames);
  add_run(shape.src, 8, frames * shape.burst);
  shape.dst = shape.src;
}

void make_list(Shape& shape, unsigned a, unsigned b) {
  const size_t count = 1 + a % 4;
  shape.kind = Shape::Kind::list;
  for (size_t i = 0; i < count; ++i) {
    size_t length = 1 + (a * 7 + b * 3 + i * 5) % 9;
    while (i + 1 == count && (shape.total() + length) % shape.burst != 0) ++length;
    const size_t at = 8 + (count - 1 - i) * 48;
    add_run(shape.src, at, length);
    shape.edges.push_back(shape.total());
    shape.pieces.push_back({.size = length, .icg = static_cast<ptrdiff_t>(at)});
  }
  shape.dst = shape.src;
}

void make_copy(Shape& shape, unsigned a, unsigned b) {
  shape.kind = Shape::Kind::copy;
  add_run(shape.src, b, 1 + a);
  add_run(shape.dst, kDestination + a, 1 + a);
  shape.edges.push_back(shape.total());
}

void make_interleaved(Shape& shape, unsigned a, unsigned b, unsigned c) {
  const size_t count = 1 + a % 3;
  const size_t frames = shape.burst * (1 + b % 3);
  shape.kind = Shape::Kind::interleaved;
  shape.flags.repeat = shape.cyclic = (c & 8) != 0;
  shape.layout.src_sgl = (c & 16) == 0;
  shape.layout.dst_sgl = (c & 32) == 0;
  shape.layout.numf = frames;
  for (size_t i = 0; i < count; ++i) {
    shape.layout.sgl.push_back(
        {.size = 1 + (b + i * 2) % 4, .icg = static_cast<ptrdiff_t>((a + b + i) % 4)});
  }
  size_t src = 0;
  size_t dst = shape.direction == Direction::mem_to_mem ? kDestination : 0;
  for (size_t frame = 0; frame < frames; ++frame) {
    for (const auto& [size, gap] : shape.layout.sgl) {
      add_run(shape.src, src, size);
      add_run(shape.dst, dst, size);
      src += size + (shape.layout.src_sgl ? static_cast<size_t>(gap) : 0);
      dst += size + (shape.layout.dst_sgl ? static_cast<size_t>(gap) : 0);
      shape.edges.push_back(shape.total());
    }
  }
  shape.period = shape.total();
}

/// A ring of planes. A gap leads from each plane to the next one, and from the last plane to the
/// first.
void make_planar(Shape& shape, unsigned a, unsigned b) {
  const size_t planes = 2 + a % 2;
  const size_t sample = 1 + b % 2;
  const size_t frames = shape.burst * (1 + a % 3);
  const size_t plane = frames * sample;
  shape.kind = Shape::Kind::interleaved;
  shape.flags.repeat = shape.cyclic = true;
  shape.layout.numf = frames;
  for (size_t i = 0; i + 1 < planes; ++i) {
    shape.layout.sgl.push_back({.size = sample, .icg = static_cast<ptrdiff_t>(plane - sample)});
  }
  shape.layout.sgl.push_back(
      {.size = sample, .icg = -static_cast<ptrdiff_t>((planes - 1) * plane)});
  for (size_t frame = 0; frame < frames; ++frame) {
    for (size_t i = 0; i < planes; ++i) add_run(shape.src, i * plane + frame * sample, sample);
  }
  shape.dst = shape.src;
  shape.period = shape.total();
}

}  // namespace

Shape make_shape(Direction direction, size_t burst, unsigned a, unsigned b, unsigned c) {
  Shape shape;
  shape.direction = direction;
  shape.burst = burst;
  shape.flags.interrupt = c % 8 != 7;
  shape.flags.reuse = c % 4 == 1;
  shape.has_callback = c % 16 != 14;
  shape.callback_advances = c % 3 == 1;
  if (direction == Direction::mem_to_mem) {
    b % 2 == 0 ? make_copy(shape, a, b) : make_interleaved(shape, a, b, c);
    return shape;
  }
  switch ((a + b + c) % 4) {
    case 0:
      make_list(shape, a, b);
      break;
    case 1:
      make_ring(shape, a, b);
      break;
    case 2:
      make_interleaved(shape, a, b, c);
      break;
    default:
      make_planar(shape, a, b);
      break;
  }
  return shape;
}

Result<Transfer*> prepare(ChannelState& state, const Shape& shape, std::byte* arena) {
  switch (shape.kind) {
    case Shape::Kind::cyclic:
      return state.prep_dma_cyclic({arena + shape.src[0], shape.total()}, shape.period,
                                   shape.direction, shape.flags);
    case Shape::Kind::list: {
      std::vector<SgEntry> list;
      for (const DataChunk& each : shape.pieces) list.push_back({arena + each.icg, each.size});
      return state.prep_slave_sg(list, shape.direction, shape.flags);
    }
    case Shape::Kind::copy:
      return state.prep_dma_memcpy(arena + shape.dst[0], arena + shape.src[0], shape.total(),
                                   shape.flags);
    case Shape::Kind::interleaved:
      break;
  }
  InterleavedTemplate layout = shape.layout;
  layout.direction = shape.direction;
  if (shape.direction != Direction::dev_to_mem) layout.src_start = arena + shape.src[0];
  if (shape.direction != Direction::mem_to_dev) layout.dst_start = arena + shape.dst[0];
  return state.prep_interleaved(layout, shape.flags);
}

}  // namespace dmasim::properties
