// SPDX-License-Identifier: LGPL-2.1-or-later
/// The interface of a channel and its controller for the clients of the debate. There are two
/// implementations: the production engine, and the losing channel. Both run with real threads and
/// under the schedule explorer.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/dma/dma_device.h"
#include "engine/dma/port.h"
#include "tests/debate/designs.h"

namespace dmasim::debate {

inline constexpr int64_t kPeriodNs = 8'000'000;
inline constexpr size_t kPeriodBytes = 8;  // one byte is one frame and lasts one millisecond
inline constexpr size_t kBufferBytes = 2 * kPeriodBytes;
inline constexpr uint32_t kFramesPerS = 1000;

/// LIFETIME  the driver owns it; it exists longer than any PCM on it.
class DmaChannel {
 public:
  using Callback = std::function<void()>;
  /// The name that stories give to the objects in a piece of memory.
  struct Part {
    const void* at;
    size_t bytes;
    std::string name;
  };

  virtual ~DmaChannel() = default;
  /// [any] Starts a cyclic playback transfer. The channel calls `callback` after each period.
  virtual void start(std::span<std::byte> buffer, Callback callback) = 0;
  /// Aborts the process if this kind of channel does not have the operation.
  virtual void perform(Operation operation) = 0;
  /// [any] The hardware moves all bytes that are due by now.
  virtual void advance() = 0;
  /// Ends the transfer and waits for its callback, as when the driver is removed.
  virtual void release() = 0;
  [[nodiscard]] virtual std::vector<Part> parts() const = 0;
};

/// LIFETIME  destroyed after its channels were released, and before they are destroyed.
class Controller {
 public:
  virtual ~Controller() = default;
  /// `port` must exist until the channel has been released.
  virtual std::unique_ptr<DmaChannel> request_chan(Port& port) = 0;
};

[[nodiscard]] std::unique_ptr<Controller> make_production_controller(
    CompletionTopology topology, std::shared_ptr<const Clock> clock);
[[nodiscard]] std::unique_ptr<Controller> make_losing_controller(
    Maker maker, CompletionTopology topology, std::shared_ptr<const Clock> clock);
/// The controller that `design` needs.
[[nodiscard]] std::unique_ptr<Controller> make_controller(const Design& design,
                                                          CompletionTopology topology,
                                                          std::shared_ptr<const Clock> clock);
/// Whether the design is possible in this topology. One tasklet for all channels needs one thread.
[[nodiscard]] bool exists(const Design& design, CompletionTopology topology);

/// Ends the process unless `holds`: the test itself has an error.
void require(bool holds, const char* what);

}  // namespace dmasim::debate
