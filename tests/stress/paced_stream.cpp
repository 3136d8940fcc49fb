// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/stress/paced_stream.h"

#include <cstring>
#include <system_error>

#include "tests/stress/witness_clock.h"

namespace dmasim::stress {
namespace {

template <typename T>
T require(Result<T> result, const char* what) {
  if (!result) throw std::system_error(result.error(), std::generic_category(), what);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

void expect_equal(std::vector<std::string>& wrong, const char* what, uint64_t found,
                  uint64_t expected) {
  if (found == expected) return;
  wrong.push_back(std::string(what) + ": " + std::to_string(found) + " instead of " +
                  std::to_string(expected));
}

}  // namespace

void SequencePort::write(std::span<const std::byte> frames, bool committed) noexcept {
  while (!frames.empty()) {
    const std::span<const std::byte> expected =
        ring_.subspan(bytes_ % ring_.size())
            .first(std::min(frames.size(), ring_.size() - bytes_ % ring_.size()));
    if (!committed || std::memcmp(frames.data(), expected.data(), expected.size()) != 0) ++wrong_;
    bytes_ += expected.size();
    frames = frames.subspan(expected.size());
  }
}

PacedStream::PacedStream(DmaDevice& engine, const StreamFormat& format,
                         std::span<const std::byte> ring)
    : format_(format),
      port_(ring),
      memory_(ring.begin(), ring.end()),
      time_(format.rate_hz, 0),
      handle_(require(engine.request_chan(), "request_chan")) {
  require(handle_->slave_config({.direction = Direction::mem_to_dev,
                                 .addr_width_bytes = format.frame_bytes,
                                 .frames_per_s = format.rate_hz,
                                 .port = &port_}),
          "slave_config");
  require(handle_->request_irq(), "request_irq");
}

void PacedStream::start() {
  TxDescriptor* transfer =
      require(handle_->prep_dma_cyclic(memory_, format_.period_bytes(), Direction::mem_to_dev),
              "prep_dma_cyclic");
  transfer->callback = [this](const TxResult& result) { reported_periods_ += result.periods; };
  cookie_ = require(handle_->submit(*transfer), "submit");
  handle_->issue_pending();
  time_.start(WitnessClock::last_ns());
}

uint64_t PacedStream::bytes_at(int64_t now_ns) const {
  return time_.frames_at(now_ns) * format_.frame_bytes;
}

std::vector<std::string> PacedStream::check_position() {
  std::vector<std::string> wrong;
  const TxState state = handle_->tx_status(cookie_);
  const uint64_t expected = bytes_at(WitnessClock::last_ns());
  expect_equal(wrong, "transferred bytes", state.transferred_bytes, expected);
  expect_equal(wrong, "residue bytes", state.residue_bytes,
               format_.ring_bytes() - expected % format_.ring_bytes());
  return wrong;
}

std::vector<std::string> PacedStream::finish() {
  std::vector<std::string> wrong;
  require(handle_->terminate_sync(), "terminate_sync");
  const uint64_t expected = bytes_at(WitnessClock::last_ns());
  const IrqStats stats = handle_->irq_stats();
  expect_equal(wrong, "bytes in the port", port_.bytes(), expected);
  expect_equal(wrong, "pieces out of sequence", port_.wrong(), 0);
  expect_equal(wrong, "periods due", stats.periods_due, expected / format_.period_bytes());
  expect_equal(wrong, "delivered + coalesced + dropped",
               stats.callbacks + stats.coalesced + stats.dropped, stats.periods_due);
  expect_equal(wrong, "periods that callbacks reported", reported_periods_,
               stats.callbacks + stats.coalesced);
  expect_equal(wrong, "callbacks after synchronize", stats.callbacks_after_synchronize, 0);
  return wrong;
}

}  // namespace dmasim::stress
