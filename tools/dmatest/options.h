// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

namespace dmasim::dmatest {

enum class Transfer : uint8_t { memcpy, sg, cyclic };
inline constexpr size_t kTransfers = 3;
[[nodiscard]] constexpr const char* name_of(Transfer transfer) noexcept {
  return transfer == Transfer::memcpy ? "memcpy" : transfer == Transfer::sg ? "sg" : "cyclic";
}

/// The kind of transfer that a channel's threads make. With `mixed` the channels take the kinds in
/// turn.
enum class TransferChoice : uint8_t { memcpy, sg, cyclic, mixed };

struct Options {
  unsigned channels = 3;
  unsigned threads_per_chan = 2;
  uint64_t iterations = 0;  ///< tests of each thread; 0: until `seconds` are over
  unsigned seconds = 0;     ///< 0: until `iterations` are done
  TransferChoice transfer = TransferChoice::mixed;
  size_t test_buf_bytes = 16384;
  bool random_layout = true;  ///< random sizes and offsets; if false, always the whole buffer
  uint64_t seed = 1;
  unsigned terminate_percent = 20;
  unsigned timeout_ms = 10000;
  bool verbose = false;
};

}  // namespace dmasim::dmatest
