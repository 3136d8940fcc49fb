// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/dma/cursor.h"

#include <algorithm>
#include <cstring>

#include "engine/dma/port.h"

namespace dmasim {

void Cursor::step(uint64_t bytes) noexcept {
  if (bytes > transfer_->total_bytes) bytes %= transfer_->total_bytes;
  while (bytes >= contiguous()) {
    bytes -= contiguous();
    offset_ = 0;
    if (++chunk_ < transfer_->chunks.size()) continue;
    chunk_ = 0;
    if (++frame_ == transfer_->frames) frame_ = 0;
  }
  offset_ += bytes;
}

void Mover::configure(Port* port, size_t burst_bytes) {
  burst_.resize(burst_bytes);
  port_ = port;
}

void Mover::move(const Transfer& transfer, Cursor& cursor, size_t bytes, bool committed) noexcept {
  if (transfer.whole_bursts) {
    move_together(transfer, cursor, bytes, committed);
    cursor.step(bytes);
    return;
  }
  for (; bytes > 0; bytes -= burst_.size()) {
    if (transfer.direction == Direction::mem_to_dev) {
      gather_burst(cursor, committed);
    } else {
      scatter_burst(cursor);
    }
  }
}

void Mover::move_together(const Transfer& transfer, const Cursor& cursor, size_t bytes,
                          bool committed) noexcept {
  switch (transfer.direction) {
    case Direction::mem_to_dev:
      port_->write({cursor.src(), bytes}, committed);
      break;
    case Direction::dev_to_mem:
      port_->read({cursor.dst(), bytes});
      break;
    case Direction::mem_to_mem:
      std::memcpy(cursor.dst(), cursor.src(), bytes);
      break;
  }
}

void Mover::gather_burst(Cursor& cursor, bool committed) noexcept {
  for (size_t done = 0; done < burst_.size();) {
    const size_t piece = std::min(cursor.contiguous(), burst_.size() - done);
    std::memcpy(&burst_[done], cursor.src(), piece);
    cursor.step(piece);
    done += piece;
  }
  port_->write(burst_, committed);
}

void Mover::scatter_burst(Cursor& cursor) noexcept {
  port_->read(burst_);
  for (size_t done = 0; done < burst_.size();) {
    const size_t piece = std::min(cursor.contiguous(), burst_.size() - done);
    std::memcpy(cursor.dst(), &burst_[done], piece);
    cursor.step(piece);
    done += piece;
  }
}

}  // namespace dmasim
