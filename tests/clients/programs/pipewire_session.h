// SPDX-License-Identifier: LGPL-2.1-or-later
/// A client of PipeWire that only observes: the nodes, their states, and what the profiler reports
/// about each cycle of the graph. pw-top shows the same. It has one thread, and everything happens
/// in run_until().
#pragma once

#include <pipewire/extensions/profiler.h>
#include <pipewire/pipewire.h>
#include <spa/param/latency-utils.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dmasim::test {

/// A node that follows a driver, in one cycle.
struct FollowerCycle {
  uint32_t id = 0;
  std::string name;
  bool completed = false;
};

/// One cycle of a driver and of the nodes that follow it.
struct DriverCycle {
  uint32_t id = 0;
  std::string name;
  uint32_t xruns = 0;  ///< since the start
  uint32_t rate_hz = 0;
  int64_t position = 0;         ///< frames since the driver has started
  int64_t duration_frames = 0;  ///< the quantum
  int64_t delay_frames = 0;     ///< between the graph and the converter
  int64_t time_ns = 0;          ///< CLOCK_MONOTONIC
  std::vector<FollowerCycle> followers;
};

class PipewireSession {
 public:
  /// Throws std::runtime_error if no PipeWire runs.
  PipewireSession();
  ~PipewireSession();
  PipewireSession(const PipewireSession&) = delete;
  PipewireSession& operator=(const PipewireSession&) = delete;

  /// Runs the loop until `condition` is true. False if it is not true within `seconds`.
  bool run_until(const std::function<bool()>& condition, int seconds);

  [[nodiscard]] pw_core* core() const noexcept { return core_; }
  [[nodiscard]] const std::vector<DriverCycle>& cycles() const noexcept { return cycles_; }
  void clear_cycles() { cycles_.clear(); }

  [[nodiscard]] bool has_node(const std::string& name) const { return find(name) != nullptr; }
  /// The state of the node; PW_NODE_STATE_ERROR if there is no such node.
  [[nodiscard]] pw_node_state state(const std::string& name) const;
  [[nodiscard]] std::string property(const std::string& name, const std::string& key) const;
  /// What the node's ports report as their latency; nothing if they have not reported it yet.
  [[nodiscard]] std::optional<spa_latency_info> latency(const std::string& name,
                                                        spa_direction direction) const;
  /// Suspends the node, as a session manager does when no stream uses it for a while.
  void suspend(const std::string& name);

 private:
  struct Global;
  struct Node;
  struct Port;

  [[nodiscard]] const Node* find(const std::string& name) const;
  void add_global(uint32_t id, const char* type, const spa_dict* properties);
  void add_node(uint32_t id);
  void add_port(uint32_t id, const spa_dict* properties);
  void listen_to_profiler(uint32_t id);
  void add_cycles(const spa_pod* pod);

  static void on_global(void* data, uint32_t id, uint32_t permissions, const char* type,
                        uint32_t version, const spa_dict* properties);
  static void on_global_remove(void* data, uint32_t id);
  static void on_profile(void* data, const spa_pod* pod);

  pw_main_loop* loop_ = nullptr;
  pw_context* context_ = nullptr;
  pw_core* core_ = nullptr;
  pw_registry* registry_ = nullptr;
  spa_hook registry_listener_{};
  pw_proxy* profiler_ = nullptr;
  spa_hook profiler_listener_{};
  std::map<uint32_t, std::unique_ptr<Node>> nodes_;
  std::map<uint32_t, std::unique_ptr<Port>> ports_;
  std::vector<DriverCycle> cycles_;
};

}  // namespace dmasim::test
