// SPDX-License-Identifier: LGPL-2.1-or-later
/// The types of a transfer, as in the kernel's include/linux/dmaengine.h.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace dmasim {

/// DMA_MEM_TO_DEV, DMA_DEV_TO_MEM, DMA_MEM_TO_MEM.
enum class Direction : uint8_t { mem_to_dev, dev_to_mem, mem_to_mem };

/// DMA_COMPLETE, DMA_IN_PROGRESS, DMA_PAUSED, DMA_ERROR. A terminated transfer has the status
/// error.
enum class DmaStatus : uint8_t { complete, in_progress, paused, error };

/// dma_cookie_t: names a submitted transfer. The cookies of a channel rise; 0 names no transfer.
struct Cookie {
  uint64_t value = 0;
  friend auto operator<=>(const Cookie&, const Cookie&) = default;
};

/// Counts the terminations of a channel. A transfer belongs to the generation in which it was
/// submitted. terminate_async ends a generation; synchronize covers all generations that have
/// ended.
using Generation = uint64_t;

/// dma_ctrl_flags.
struct PrepFlags {
  bool interrupt = true;  ///< DMA_PREP_INTERRUPT; without it the transfer never calls back
  bool reuse = false;     ///< DMA_CTRL_REUSE: may be submitted again once it is over
  bool repeat = false;    ///< DMA_PREP_REPEAT: until terminated (interleaved only)
};

/// dmaengine_tx_result.
enum class TxOutcome : uint8_t { noerror, aborted };

/// The argument of a completion callback, as dmaengine_result.
struct TxResult {
  TxOutcome result = TxOutcome::noerror;
  uint64_t periods = 0;            ///< boundaries that this call stands for; > 1: coalesced
  uint64_t transferred_bytes = 0;  ///< by the transfer, when the call became due; of one whose
                                   ///< callback advances: up to the newest boundary, or further
  size_t residue_bytes = 0;        ///< to the end of the buffer (cyclic: of this lap)
};

/// data_chunk: `size` bytes, then a gap before the next chunk. The kernel's gap is unsigned and has
/// to wrap for a step back, as between the planes of a non-interleaved buffer; this one is negative
/// then.
struct DataChunk {
  size_t size = 0;
  ptrdiff_t icg = 0;
};

/// dma_interleaved_template: `numf` frames, each with the chunks in `sgl`.
struct InterleavedTemplate {
  Direction direction = Direction::mem_to_dev;
  const std::byte* src_start = nullptr;  ///< null if the source is the device
  std::byte* dst_start = nullptr;        ///< null if the destination is the device
  bool src_sgl = true;                   ///< the source has the gaps; else it is contiguous
  bool dst_sgl = true;                   ///< the destination has the gaps; else contiguous
  size_t numf = 0;
  std::vector<DataChunk> sgl;
};

/// dma_async_tx_descriptor: the client's side of a transfer. The channel makes it, as a part of a
/// Transfer (transfer.h), which holds what the channel alone knows.
///
/// LIFETIME  from prep_* until the transfer is over. A transfer that ends is freed after its
///           callback has returned; a terminated one is freed by the synchronize() that covers it.
///           A reusable one goes back to *allocated* instead, and lives until desc_free() or the
///           channel's release. The client frees no other descriptor than a reusable one.
/// THREADS   the client fills in the callbacks between prep_* and submit. After submit it must not
///           touch the descriptor.
class TxDescriptor {
 public:
  /// [completion thread, no lock held] Called at the end of the transfer; of a cyclic one after
  /// each period, or once for several periods if the thread is late.
  std::function<void(const TxResult&)> callback;
  /// Of a cyclic transfer. The callback itself brings the hardware up to now, by a tx_status with
  /// its newest commit. So it is called before the bytes of the period are moved, and they are
  /// moved once. The completion thread moves what the callback has left.
  bool callback_advances = false;

 protected:
  TxDescriptor() = default;
  TxDescriptor(TxDescriptor&&) = default;
  TxDescriptor& operator=(TxDescriptor&&) = default;
  ~TxDescriptor() = default;
};

/// dma_tx_state, and the status that dmaengine_tx_status returns.
struct TxState {
  DmaStatus status = DmaStatus::complete;
  Cookie last{};               ///< newest completed
  Cookie used{};               ///< newest submitted
  size_t residue_bytes = 0;    ///< to the end of the buffer (cyclic: of this lap)
  size_t in_flight_bytes = 0;  ///< in the device's FIFO
  /// Since issue. The residue alone would not show whole laps that a late client has missed.
  uint64_t transferred_bytes = 0;
  uint64_t past_commit_bytes = 0;  ///< the furthest that the DMA has been beyond the commit limit
  bool commit_refused = false;     ///< see Channel::Commit
};

}  // namespace dmasim
