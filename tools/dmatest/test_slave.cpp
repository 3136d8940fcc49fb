// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <array>

#include "tools/dmatest/layout.h"
#include "tools/dmatest/pattern_port.h"
#include "tools/dmatest/test_case.h"

namespace dmasim::dmatest {
namespace {

constexpr uint32_t kDeviceBytesPerS = 20'000'000;
constexpr size_t kLeastPeriodBytes = 256;

/// A device, memory, and a transfer between the two.
class SlaveTest {
 public:
  explicit SlaveTest(const TestContext& context)
      : context_(context),
        config_(draw_device()),
        memory_(draw_memory()),
        salt_(static_cast<uint32_t>(context.dice.between(0, UINT32_MAX))),
        port_({.salt = salt_, .lap_bytes = memory_.stream_bytes()}) {
    if (to_device()) {
      memory_.make_source(salt_);
    } else {
      memory_.make_destination(salt_);
    }
    if (context.rig.wrap_port) front_ = context.rig.wrap_port(port_);
    config_.port = front_ ? front_.get() : &port_;
  }

  [[nodiscard]] Verdict run() {
    Channel& channel = context_.channel.channel();
    MutexLock turn(context_.channel.turn());
    if (!channel.slave_config(config_)) return failed("slave_config is refused");
    const Plan plan = cyclic() ? draw_cyclic_plan() : draw_plan(context_, duration_ns(wanted()));
    const auto transfer = prepare(plan);
    if (!transfer) return failed("the transfer cannot be prepared");
    const End end = TransferRun(context_.channel, context_.report, plan).run(**transfer);
    if (!channel.synchronize()) return failed("synchronize is refused");
    return verify(end, plan);
  }

 private:
  static Verdict failed(const char* complaint) {
    return {.outcome = Outcome::failed, .complaint = complaint};
  }

  [[nodiscard]] bool cyclic() const { return context_.channel.transfer() == Transfer::cyclic; }
  [[nodiscard]] bool to_device() const { return config_.direction == Direction::mem_to_dev; }
  [[nodiscard]] uint64_t wanted() const { return memory_.stream_bytes(); }

  [[nodiscard]] int64_t duration_ns(uint64_t bytes) const {
    const uint64_t bytes_per_s = uint64_t{config_.frames_per_s} * config_.frame_bytes();
    return static_cast<int64_t>(bytes * 1'000'000'000 / bytes_per_s);
  }

  [[nodiscard]] SlaveConfig draw_device() const {
    static constexpr std::array<uint32_t, 4> kWidths{1, 2, 4, 8};
    Dice& dice = context_.dice;
    SlaveConfig config{
        .direction = dice.percent(50) ? Direction::mem_to_dev : Direction::dev_to_mem,
        .addr_width_bytes = kWidths.at(dice.between(0, kWidths.size() - 1)),
        .maxburst = static_cast<uint32_t>(dice.between(1, 8))};
    config.frames_per_s = kDeviceBytesPerS / static_cast<uint32_t>(config.frame_bytes());
    return config;
  }

  /// The pieces of a list may end within a burst. A ring is one piece.
  [[nodiscard]] TestMemory draw_memory() const {
    Dice& dice = context_.dice;
    const Options& options = context_.options;
    const size_t bytes = draw_bytes(dice, options, config_.frame_bytes());
    if (!cyclic()) return {options.test_buf_bytes, draw_pieces(dice, options, bytes)};
    return {options.test_buf_bytes, {draw_piece(dice, options, bytes)}};
  }

  [[nodiscard]] Plan draw_cyclic_plan() const {
    const size_t burst = config_.frame_bytes();
    const uint64_t ring_bursts = wanted() / burst;
    const uint64_t least = std::min<uint64_t>(ring_bursts, kLeastPeriodBytes / burst);
    const uint64_t period_bytes = burst * context_.dice.between(least, ring_bursts);
    const uint64_t periods = context_.dice.between(1, 8);
    Plan plan = draw_plan(context_, duration_ns(periods * period_bytes));
    plan.periods = periods;
    plan.period_bytes = period_bytes;
    return plan;
  }

  [[nodiscard]] Result<TxDescriptor*> prepare(const Plan& plan) {
    Channel& channel = context_.channel.channel();
    if (cyclic()) {
      const Piece& ring = memory_.pieces()[0];
      return channel.prep_dma_cyclic({memory_.at(ring.offset), ring.bytes}, plan.period_bytes,
                                     config_.direction);
    }
    std::vector<SgEntry> list;
    for (const Piece& piece : memory_.pieces()) {
      list.push_back({.address = memory_.at(piece.offset), .bytes = piece.bytes});
    }
    return channel.prep_slave_sg(list, config_.direction);
  }

  [[nodiscard]] Verdict verify(const End& end, const Plan& plan) {
    const auto none = std::span<std::byte>();
    if (context_.rig.disturb) {
      context_.rig.disturb(to_device() ? memory_.all() : none, to_device() ? none : memory_.all());
    }
    const uint64_t moved = port_.moved_bytes();
    Mismatches wrong = port_.mismatches();
    wrong.add(to_device() ? memory_.check_source(salt_) : memory_.check_destination(salt_, moved));
    Verdict verdict =
        judge(end, moved, cyclic() ? plan.periods * plan.period_bytes : wanted(), wrong);
    if (verdict.outcome == Outcome::failed) return verdict;
    if (end.progress.transferred_bytes > moved)
      return failed("a callback reported more than moved");
    if (!cyclic() && moved > wanted()) return failed("more moved than the list is long");
    return verdict;
  }

  const TestContext& context_;
  SlaveConfig config_;
  TestMemory memory_;
  const uint32_t salt_;
  PatternPort port_;
  std::unique_ptr<Port> front_;
};

}  // namespace

Verdict test_slave(const TestContext& context) { return SlaveTest(context).run(); }

}  // namespace dmasim::dmatest
