// SPDX-License-Identifier: LGPL-2.1-or-later
/// How the memory of a PCM is freed, and how a later access is found. Under the explorer, the
/// memory is only marked as freed, and a later access is a violation. With real threads, the memory
/// is really freed, and the address sanitizer finds the access.
#pragma once

#include <cstddef>
#include <memory>

namespace dmasim::debate {

class Substream;

class Memory {
 public:
  virtual ~Memory() = default;

  /// Frees what close frees: the callback's context.
  virtual void free_runtime(std::unique_ptr<Substream> runtime) = 0;
  /// Frees what hw_free frees: the buffer that the DMA reads.
  virtual void free_buffer(std::unique_ptr<std::byte[]> buffer) = 0;

  /// [completion thread] The callback's first access to the runtime, and its last one.
  virtual void callback_begins() = 0;
  virtual void callback_ends() = 0;
  /// [completion thread] The callback writes to the buffer.
  virtual void callback_touches(std::byte* buffer) = 0;
  /// [any] The operations of the design at trigger STOP have returned.
  virtual void stopped(bool in_callback) = 0;
};

}  // namespace dmasim::debate
