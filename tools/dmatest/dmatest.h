// SPDX-License-Identifier: LGPL-2.1-or-later
/// Tests a DMA controller with its own means, in the spirit of the kernel's dmatest: threads copy
/// patterns through channels that they share, terminate what is under way, free the memory at once,
/// and look at every byte.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/dma/engine.h"
#include "tools/dmatest/report.h"

namespace dmasim::dmatest {

/// What is tested, and the places at which a test of the test may do harm.
struct Rig {
  std::shared_ptr<Engine> engine;
  std::function<void(std::string_view)> say = [](std::string_view) {};
  /// A device in front of the test's own; null: none.
  std::function<std::unique_ptr<Port>(Port& port)> wrap_port = nullptr;
  /// Sees source and destination (one of them empty: the device) after the transfer.
  std::function<void(std::span<std::byte> source, std::span<std::byte> destination)> disturb =
      nullptr;
};

struct Summary {
  Totals totals{};
  std::vector<std::string> failures{};  ///< the first of them, in words
  unsigned channels = 0;
  unsigned threads = 0;
  double seconds = 0;
};

/// Blocks until all threads are done. Throws std::system_error if a channel or thread is refused.
[[nodiscard]] Summary run(const Options& options, const Rig& rig);

/// "N tests, N failures, X iops, Y MB/s (channels C, threads T, terminated K)"
[[nodiscard]] std::string in_words(const Summary& summary);

}  // namespace dmasim::dmatest
