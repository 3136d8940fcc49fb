// SPDX-License-Identifier: LGPL-2.1-or-later
/// A transfer and the words around it, as in the kernel's include/linux/dmaengine.h.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <vector>

namespace dmasim {

/// DMA_MEM_TO_DEV, DMA_DEV_TO_MEM, DMA_MEM_TO_MEM.
enum class Direction : uint8_t { mem_to_dev, dev_to_mem, mem_to_mem };

/// DMA_COMPLETE, DMA_IN_PROGRESS, DMA_PAUSED, DMA_ERROR; terminated transfers are errors.
enum class DmaStatus : uint8_t { complete, in_progress, paused, error };

/// dma_cookie_t: names a submitted transfer. Cookies of a channel rise; 0 names none.
struct Cookie {
  uint64_t value = 0;
  friend auto operator<=>(const Cookie&, const Cookie&) = default;
};

/// Counts the terminations of a channel. A transfer belongs to the generation in which it was
/// submitted; terminate_async ends a generation, synchronize covers all that have ended.
using Generation = uint64_t;

/// dma_ctrl_flags.
struct PrepFlags {
  bool interrupt = true;  ///< DMA_PREP_INTERRUPT; without it the transfer never calls back
  bool reuse = false;     ///< DMA_CTRL_REUSE: may be submitted again once it is over
  bool repeat = false;    ///< DMA_PREP_REPEAT: again and again, until terminated (interleaved only)
};

/// dmaengine_tx_result.
enum class TxOutcome : uint8_t { noerror, aborted };

/// What a completion callback learns, as dmaengine_result.
struct TxResult {
  TxOutcome result = TxOutcome::noerror;
  uint64_t periods = 0;            ///< boundaries that this call stands for; > 1: coalesced
  uint64_t transferred_bytes = 0;  ///< of the transfer, when the call was raised
  size_t residue_bytes = 0;        ///< to the end of the buffer (cyclic: of this round)
};

/// Memory that lies together. The device's side of a slave transfer is null.
struct Chunk {
  const std::byte* src = nullptr;
  std::byte* dst = nullptr;
  size_t bytes = 0;
};

/// data_chunk: so many bytes, then a gap before the next chunk. Where the kernel's unsigned gap
/// would have to wrap, as between the planes of a non-interleaved buffer, this one is negative.
struct DataChunk {
  size_t size = 0;
  ptrdiff_t icg = 0;
};

/// dma_interleaved_template: `numf` frames, each of the chunks in `sgl`.
struct InterleavedTemplate {
  Direction direction = Direction::mem_to_dev;
  const std::byte* src_start = nullptr;  ///< null where the device is
  std::byte* dst_start = nullptr;        ///< null where the device is
  bool src_sgl = true;                   ///< the gaps apply to the source; else it lies together
  bool dst_sgl = true;                   ///< the same for the destination
  size_t numf = 0;
  std::vector<DataChunk> sgl;
};

/// dma_async_tx_descriptor.
///
/// LIFETIME  from prep_* until it is over: a transfer that ends is freed after its callback has
///           returned, a terminated one by the synchronize() that covers it. A reusable one goes
///           back to *allocated* at that moment, and lives until desc_free() or the channel's
///           release. The client frees no other.
/// THREADS   the client fills in the callbacks between prep_* and submit, and then keeps off.
struct TxDescriptor {
  /// [completion thread, no lock held] At the end of the transfer; of a cyclic one after each
  /// period, or after several when late.
  std::function<void(const TxResult&)> callback;
  /// [completion thread, no lock held] Before that thread moves bytes itself: the client's chance
  /// to tell how far it has committed (Channel::set_commit_limit). May be empty.
  std::function<void()> before_advance;

  // What follows is the channel's.

  /// Where it is: the lists of virt-dma.
  enum class Place : uint8_t { allocated, submitted, issued, active, completed, terminated };

  Direction direction = Direction::mem_to_dev;
  PrepFlags flags;
  std::vector<Chunk> chunks;  // of one frame
  size_t frames = 1;          // so many times, each time further on by the strides
  ptrdiff_t src_stride = 0;
  ptrdiff_t dst_stride = 0;
  size_t total_bytes = 0;    // of one round
  size_t burst_bytes = 1;    // of the configuration it was prepared for
  size_t period_bytes = 0;   // cyclic: between two ticks
  bool cyclic = false;       // round after round, until terminated
  bool whole_bursts = true;  // every chunk is some bursts long
  const void* channel = nullptr;
  Place place = Place::allocated;
  std::list<TxDescriptor>::iterator self;
  Cookie cookie{};
  Generation generation = 0;
  int64_t ended_ns = 0;
  TxResult result;

  [[nodiscard]] bool calls_back() const noexcept { return flags.interrupt && callback; }
};

/// Descriptors move between a channel's lists by splicing: no allocation, stable addresses.
using DescriptorList = std::list<TxDescriptor>;

/// dma_tx_state, and the status beside it.
struct TxState {
  DmaStatus status = DmaStatus::complete;
  Cookie last{};               ///< newest completed
  Cookie used{};               ///< newest submitted
  size_t residue_bytes = 0;    ///< to the end of the buffer (cyclic: of this round)
  size_t in_flight_bytes = 0;  ///< in the device's FIFO
  /// Since issue: a late client would lose whole rounds by residue alone.
  uint64_t transferred_bytes = 0;
  uint64_t overtaken_bytes = 0;  ///< the furthest that the DMA has been beyond the commit limit
  bool commit_refused = false;   ///< see Channel::Commit
};

}  // namespace dmasim
