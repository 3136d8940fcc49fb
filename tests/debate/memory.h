// SPDX-License-Identifier: LGPL-2.1-or-later
/// Where the memory of a PCM comes to its end, and who watches. Under the explorer memory is only
/// declared dead, and a touch of it afterwards is a violation; with real threads it is freed, and
/// the address sanitizer watches.
#pragma once

#include <cstddef>
#include <memory>

namespace dmasim::debate {

class Substream;

class Memory {
 public:
  virtual ~Memory() = default;

  /// The end of what close frees: the callback's context.
  virtual void free_runtime(std::unique_ptr<Substream> runtime) = 0;
  /// The end of what hw_free frees: what the DMA reads.
  virtual void free_buffer(std::unique_ptr<std::byte[]> buffer) = 0;

  /// [completion thread] The callback's first deed, and its last one in the runtime.
  virtual void callback_begins() = 0;
  virtual void callback_ends() = 0;
  /// [completion thread] The callback goes on to write to the buffer.
  virtual void callback_touches(std::byte* buffer) = 0;
  /// [any] What the design does at trigger STOP has been done.
  virtual void stopped(bool in_callback) = 0;
};

}  // namespace dmasim::debate
