// SPDX-License-Identifier: LGPL-2.1-or-later
/// Tests a DMA controller by its own interface, as the kernel's dmatest does. Threads copy patterns
/// through channels that they share, terminate running transfers, free the memory at once, and
/// check every byte.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/dma/dma_device.h"
#include "tools/dmatest/report.h"

namespace dmasim::dmatest {

/// The engine under test. A test of dmatest itself can insert faults by the last two members.
struct Rig {
  std::shared_ptr<DmaDevice> engine;
  std::function<void(std::string_view)> say = [](std::string_view) {};
  /// Makes a device that stands in front of the test's own device. Null: there is none.
  std::function<std::unique_ptr<Port>(Port& port)> wrap_port = nullptr;
  /// Is called with source and destination after the transfer. One of them is empty if it is the
  /// device.
  std::function<void(std::span<std::byte> source, std::span<std::byte> destination)> disturb =
      nullptr;
};

struct Summary {
  Totals totals{};
  std::vector<std::string> failures{};  ///< descriptions of the first failures
  unsigned channels = 0;
  unsigned threads = 0;
  double seconds = 0;
};

/// Blocks until all threads have ended. Throws std::system_error if a channel or thread is refused.
[[nodiscard]] Summary run(const Options& options, const Rig& rig);

/// "N tests, N failures, X iops, Y MB/s (channels C, threads T, terminated K)"
[[nodiscard]] std::string in_words(const Summary& summary);

}  // namespace dmasim::dmatest
