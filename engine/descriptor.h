// SPDX-License-Identifier: LGPL-2.1-or-later
/// A transfer and the words around it, as in the kernel's include/linux/dmaengine.h.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <span>

namespace dmasim {

/// DMA_MEM_TO_DEV and DMA_DEV_TO_MEM.
enum class Direction : uint8_t { mem_to_dev, dev_to_mem };

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

/// What a completion callback learns, as dmaengine_result.
struct TxResult {
  uint64_t periods = 0;            ///< period boundaries that this call stands for; > 1: coalesced
  uint64_t transferred_bytes = 0;  ///< of the transfer, when the call was raised
  size_t residue_bytes = 0;        ///< to the end of the buffer (cyclic: of this round)
};

/// dma_async_tx_descriptor.
///
/// LIFETIME  from prep_* to the synchronize() that covers its termination; the client never frees
///           it. A callback may run until then, whatever was terminated meanwhile.
/// THREADS   the client fills in the callbacks between prep_* and submit, and then keeps off.
struct TxDescriptor {
  std::span<std::byte> buffer;
  size_t period_bytes = 0;
  Direction direction = Direction::mem_to_dev;

  /// [completion thread, no lock held] After each period, or after several when late.
  std::function<void(const TxResult&)> callback;
  /// [completion thread, no lock held] Before that thread moves bytes itself: the client's chance
  /// to tell how far it has committed (Channel::set_commit_limit). May be empty.
  std::function<void()> before_advance;

  Cookie cookie{};            ///< set by submit
  Generation generation = 0;  ///< set by submit
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
  uint64_t transferred_bytes =
      0;                         ///< since issue; a late client loses whole rounds by residue alone
  uint64_t overtaken_bytes = 0;  ///< the furthest that the DMA has been beyond the commit limit
};

}  // namespace dmasim
