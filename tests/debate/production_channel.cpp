// SPDX-License-Identifier: LGPL-2.1-or-later
/// The production channel and its controller, with the interface of dma_channel.h.
#include <utility>

#include "tests/debate/dma_channel.h"

namespace dmasim::debate {
namespace {

class ProductionChannel final : public DmaChannel {
 public:
  ProductionChannel(ChannelHandle channel, Port& port) : channel_(std::move(channel)), port_(port) {
    require(channel_->slave_config({.frames_per_s = kFramesPerS, .port = &port_}).ok(),
            "slave_config failed");
  }

  void start(std::span<std::byte> buffer, Callback callback) override {
    const Result<TxDescriptor*> transfer =
        channel_->prep_dma_cyclic(buffer, kPeriodBytes, Direction::mem_to_dev);
    require(transfer.ok(), "prep_dma_cyclic failed");
    (*transfer)->callback = [call = std::move(callback)](const TxResult&) { call(); };
    require(channel_->submit(**transfer).ok(), "submit failed");
    // The completion thread starts as late as possible. Otherwise the search would try all orders
    // of its start and the calls above.
    require(channel_->request_irq().ok(), "request_irq failed");
    channel_->issue_pending();
  }

  void perform(Operation operation) override {
    switch (operation) {
      case Operation::terminate_all:
        return channel_->terminate_all();
      case Operation::terminate_async:
        return channel_->terminate_async();
      case Operation::synchronize:
        return require(channel_->synchronize().ok(), "synchronize failed");
      case Operation::terminate_sync:
        return require(channel_->terminate_sync().ok(), "terminate_sync failed");
      default:
        return require(false, "the production channel has no such operation");
    }
  }

  void advance() override { channel_->advance(); }
  void release() override { require(channel_.release().ok(), "release failed"); }

  [[nodiscard]] std::vector<Part> parts() const override {
    return {{&*channel_, sizeof(Channel), "channel"},
            {&channel_->memory_lock(), 1, "channel.lock"}};
  }

 private:
  ChannelHandle channel_;
  Port& port_;
};

class ProductionController final : public Controller {
 public:
  ProductionController(CompletionTopology topology, std::shared_ptr<const Clock> clock)
      : engine_(std::make_shared<DmaDevice>(std::move(clock),
                                            DmaDevice::Options{.completion = topology})) {}

  std::unique_ptr<DmaChannel> request_chan(Port& port) override {
    Result<ChannelHandle> channel = engine_->request_chan();
    require(channel.ok(), "request_chan failed");
    return std::make_unique<ProductionChannel>(std::move(*channel), port);
  }

 private:
  std::shared_ptr<DmaDevice> engine_;
};

}  // namespace

std::unique_ptr<Controller> make_production_controller(CompletionTopology topology,
                                                       std::shared_ptr<const Clock> clock) {
  return std::make_unique<ProductionController>(topology, std::move(clock));
}

}  // namespace dmasim::debate
