// SPDX-License-Identifier: LGPL-2.1-or-later
/// The designs, as data: which operations a driver calls on its DMA channel at stop, in hw_free and
/// in close of a PCM.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace dmasim::debate {

/// An operation of a channel that helps to end a transfer.
enum class Operation : uint8_t {
  // Of the production channel:
  terminate_all,
  terminate_async,
  synchronize,
  terminate_sync,
  // Of the losing channel, which also has terminate_all and terminate_async:
  terminate_and_wait,  ///< waits for the callback, also if the callback calls it
  disable_callbacks,   ///< masks the interrupt; the transfer itself continues
  kill_tasklet,
};
[[nodiscard]] const char* to_text(Operation operation);

/// Which channel a design needs.
enum class Maker : uint8_t {
  production,
  tasklet_per_channel,
  tasklet_per_controller,
};

struct Design {
  std::string name;
  std::string idea;  ///< how it ends a transfer, as Markdown for the document's summary
  Maker maker = Maker::production;
  std::vector<Operation>
      at_stop{};  ///< at trigger STOP: from drop, or from the callback at an xrun
  std::vector<Operation> at_hw_free{};  ///< before hw_free frees the DMA buffer
  std::vector<Operation> at_close{};    ///< before close frees the callback's context
  /// hw_free and close hold a lock during these operations, and the callback takes the same lock.
  bool lock_while_freeing = false;
};

[[nodiscard]] std::span<const Design> all_designs();
/// Null if no design has this name.
[[nodiscard]] const Design* find_design(const std::string& name);

}  // namespace dmasim::debate
