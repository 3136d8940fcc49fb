// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/clients/programs/pipewire_session.h"

#include <pipewire/impl.h>
#include <spa/node/command.h>
#include <spa/param/profiler.h>
#include <spa/pod/builder.h>
#include <spa/pod/iter.h>
#include <spa/pod/parser.h>

#include <array>
#include <chrono>
#include <stdexcept>

namespace dmasim::test {
namespace {

constexpr int kStatusCompleted =
    3;  // the status of an activation; pw-top counts every other status as an error
constexpr int kAskAgainMs = 50;

std::string text_or_empty(const char* text) { return text != nullptr ? text : ""; }

bool parse_info(const spa_pod* pod, DriverCycle& cycle) {
  int64_t count = 0;
  std::array<float, 3> load{};
  return spa_pod_parse_struct(pod, SPA_POD_Long(&count), SPA_POD_Float(&load[0]),
                              SPA_POD_Float(&load[1]), SPA_POD_Float(&load[2]),
                              SPA_POD_Int(&cycle.xruns)) >= 0;
}

bool parse_clock(const spa_pod* pod, DriverCycle& cycle) {
  uint32_t flags = 0;
  uint32_t id = 0;
  const char* name = nullptr;
  spa_fraction rate{};
  double rate_diff = 0;
  int64_t next_ns = 0;
  if (spa_pod_parse_struct(pod, SPA_POD_Int(&flags), SPA_POD_Int(&id), SPA_POD_String(&name),
                           SPA_POD_Long(&cycle.time_ns), SPA_POD_Fraction(&rate),
                           SPA_POD_Long(&cycle.position), SPA_POD_Long(&cycle.duration_frames),
                           SPA_POD_Long(&cycle.delay_frames), SPA_POD_Double(&rate_diff),
                           SPA_POD_Long(&next_ns)) < 0) {
    return false;
  }
  cycle.rate_hz = rate.denom;
  return true;
}

/// A driver's block and a follower's block begin in the same way.
std::optional<FollowerCycle> parse_block(const spa_pod* pod) {
  FollowerCycle follower;
  const char* name = nullptr;
  int64_t previous_signal = 0;
  int64_t signal = 0;
  int64_t awake = 0;
  int64_t finish = 0;
  int status = 0;
  if (spa_pod_parse_struct(pod, SPA_POD_Int(&follower.id), SPA_POD_String(&name),
                           SPA_POD_Long(&previous_signal), SPA_POD_Long(&signal),
                           SPA_POD_Long(&awake), SPA_POD_Long(&finish), SPA_POD_Int(&status)) < 0) {
    return std::nullopt;
  }
  follower.name = text_or_empty(name);
  follower.completed = status == kStatusCompleted;
  return follower;
}

std::optional<DriverCycle> parse_cycle(const spa_pod_object* object) {
  DriverCycle cycle;
  const spa_pod_prop* property = nullptr;
  SPA_POD_OBJECT_FOREACH(object, property) {
    switch (property->key) {
      case SPA_PROFILER_info:
        if (!parse_info(&property->value, cycle)) return std::nullopt;
        break;
      case SPA_PROFILER_clock:
        if (!parse_clock(&property->value, cycle)) return std::nullopt;
        break;
      case SPA_PROFILER_driverBlock:
        if (const auto driver = parse_block(&property->value)) {
          cycle.id = driver->id;
          cycle.name = driver->name;
        }
        break;
      case SPA_PROFILER_followerBlock:
        if (auto follower = parse_block(&property->value)) {
          cycle.followers.push_back(std::move(*follower));
        }
        break;
      default:
        break;
    }
  }
  return cycle;
}

}  // namespace

/// A proxy of an object, and the listener for its events.
struct PipewireSession::Global {
  Global(pw_registry* registry, uint32_t id, const char* type, uint32_t version)
      : proxy(static_cast<pw_proxy*>(pw_registry_bind(registry, id, type, version, 0))) {
    if (proxy == nullptr) throw std::runtime_error("PipeWire binds no object");
  }
  ~Global() {
    spa_hook_remove(&listener);
    pw_proxy_destroy(proxy);
  }
  Global(const Global&) = delete;
  Global& operator=(const Global&) = delete;

  pw_proxy* proxy;
  spa_hook listener{};
};

struct PipewireSession::Node : Global {
  Node(pw_registry* registry, uint32_t id)
      : Global(registry, id, PW_TYPE_INTERFACE_Node, PW_VERSION_NODE) {
    static const pw_node_events kEvents = [] {
      pw_node_events events{};
      events.version = PW_VERSION_NODE_EVENTS;
      events.info = on_info;
      return events;
    }();
    pw_node_add_listener(reinterpret_cast<pw_node*>(proxy), &listener, &kEvents, this);
  }

  static void on_info(void* data, const pw_node_info* info) {
    Node& node = *static_cast<Node*>(data);
    node.state = info->state;
    if (info->props == nullptr) return;
    const spa_dict_item* item = nullptr;
    spa_dict_for_each(item, info->props) node.properties[item->key] = text_or_empty(item->value);
  }

  pw_node_state state = PW_NODE_STATE_CREATING;
  std::map<std::string, std::string> properties;
};

struct PipewireSession::Port : Global {
  Port(pw_registry* registry, uint32_t id, uint32_t node)
      : Global(registry, id, PW_TYPE_INTERFACE_Port, PW_VERSION_PORT), node_id(node) {
    static const pw_port_events kEvents = [] {
      pw_port_events events{};
      events.version = PW_VERSION_PORT_EVENTS;
      events.param = on_param;
      return events;
    }();
    auto* port = reinterpret_cast<pw_port*>(proxy);
    pw_port_add_listener(port, &listener, &kEvents, this);
    std::array<uint32_t, 1> wanted = {SPA_PARAM_Latency};
    pw_port_subscribe_params(port, wanted.data(), wanted.size());
  }

  static void on_param(void* data, int, uint32_t id, uint32_t, uint32_t, const spa_pod* param) {
    spa_latency_info latency{};
    if (id != SPA_PARAM_Latency || spa_latency_parse(param, &latency) < 0) return;
    static_cast<Port*>(data)->latency[latency.direction] = latency;
  }

  const uint32_t node_id;
  std::map<spa_direction, spa_latency_info> latency;
};

PipewireSession::PipewireSession() {
  pw_init(nullptr, nullptr);
  loop_ = pw_main_loop_new(nullptr);
  context_ = pw_context_new(pw_main_loop_get_loop(loop_), nullptr, 0);
  pw_context_load_module(context_, PW_EXTENSION_MODULE_PROFILER, nullptr, nullptr);
  core_ = pw_context_connect(context_, nullptr, 0);
  if (core_ == nullptr) throw std::runtime_error("no PipeWire");
  registry_ = pw_core_get_registry(core_, PW_VERSION_REGISTRY, 0);
  static const pw_registry_events kEvents = [] {
    pw_registry_events events{};
    events.version = PW_VERSION_REGISTRY_EVENTS;
    events.global = on_global;
    events.global_remove = on_global_remove;
    return events;
  }();
  pw_registry_add_listener(registry_, &registry_listener_, &kEvents, this);
}

PipewireSession::~PipewireSession() {
  ports_.clear();
  nodes_.clear();
  if (profiler_ != nullptr) {
    spa_hook_remove(&profiler_listener_);
    pw_proxy_destroy(profiler_);
  }
  spa_hook_remove(&registry_listener_);
  pw_proxy_destroy(reinterpret_cast<pw_proxy*>(registry_));
  pw_core_disconnect(core_);
  pw_context_destroy(context_);
  pw_main_loop_destroy(loop_);
  pw_deinit();
}

bool PipewireSession::run_until(const std::function<bool()>& condition, int seconds) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::seconds(seconds);
  pw_loop* const loop = pw_main_loop_get_loop(loop_);
  pw_loop_enter(loop);
  bool met = condition();
  while (!met && Clock::now() < until) {
    pw_loop_iterate(loop, kAskAgainMs);
    met = condition();
  }
  pw_loop_leave(loop);
  return met;
}

const PipewireSession::Node* PipewireSession::find(const std::string& name) const {
  for (const auto& [id, node] : nodes_) {
    const auto found = node->properties.find(PW_KEY_NODE_NAME);
    if (found != node->properties.end() && found->second == name) return node.get();
  }
  return nullptr;
}

pw_node_state PipewireSession::state(const std::string& name) const {
  const Node* node = find(name);
  return node != nullptr ? node->state : PW_NODE_STATE_ERROR;
}

std::string PipewireSession::property(const std::string& name, const std::string& key) const {
  const Node* node = find(name);
  if (node == nullptr) return {};
  const auto found = node->properties.find(key);
  return found != node->properties.end() ? found->second : "";
}

std::optional<spa_latency_info> PipewireSession::latency(const std::string& name,
                                                         spa_direction direction) const {
  const Node* node = find(name);
  if (node == nullptr) return std::nullopt;
  const uint32_t node_id = pw_proxy_get_bound_id(node->proxy);
  for (const auto& [id, port] : ports_) {
    const auto found = port->latency.find(direction);
    if (port->node_id == node_id && found != port->latency.end()) return found->second;
  }
  return std::nullopt;
}

void PipewireSession::suspend(const std::string& name) {
  const Node* node = find(name);
  if (node == nullptr) throw std::runtime_error("no node " + name);
  const spa_command command = SPA_NODE_COMMAND_INIT(SPA_NODE_COMMAND_Suspend);
  pw_node_send_command(reinterpret_cast<pw_node*>(node->proxy), &command);
}

void PipewireSession::add_node(uint32_t id) {
  nodes_.emplace(id, std::make_unique<Node>(registry_, id));
}

void PipewireSession::add_port(uint32_t id, const spa_dict* properties) {
  const char* node = spa_dict_lookup(properties, PW_KEY_NODE_ID);
  if (node == nullptr) return;
  ports_.emplace(id,
                 std::make_unique<Port>(registry_, id, static_cast<uint32_t>(std::stoul(node))));
}

void PipewireSession::listen_to_profiler(uint32_t id) {
  if (profiler_ != nullptr) return;
  profiler_ = static_cast<pw_proxy*>(
      pw_registry_bind(registry_, id, PW_TYPE_INTERFACE_Profiler, PW_VERSION_PROFILER, 0));
  if (profiler_ == nullptr) throw std::runtime_error("PipeWire binds no profiler");
  static const pw_profiler_events kEvents = {.version = PW_VERSION_PROFILER_EVENTS,
                                             .profile = on_profile};
  pw_proxy_add_object_listener(profiler_, &profiler_listener_, &kEvents, this);
}

void PipewireSession::add_global(uint32_t id, const char* type, const spa_dict* properties) {
  const std::string kind = type;
  if (kind == PW_TYPE_INTERFACE_Node) {
    add_node(id);
  } else if (kind == PW_TYPE_INTERFACE_Port && properties != nullptr) {
    add_port(id, properties);
  } else if (kind == PW_TYPE_INTERFACE_Profiler) {
    listen_to_profiler(id);
  }
}

/// libspa's macro for the pods in a struct compiles only as C.
void PipewireSession::add_cycles(const spa_pod* pod) {
  const void* const body = SPA_POD_BODY_CONST(pod);
  const auto* item = static_cast<const spa_pod*>(body);
  for (; spa_pod_is_inside(body, SPA_POD_BODY_SIZE(pod), item);
       item = static_cast<const spa_pod*>(spa_pod_next(item))) {
    if (!spa_pod_is_object_type(item, SPA_TYPE_OBJECT_Profiler)) continue;
    if (auto cycle = parse_cycle(reinterpret_cast<const spa_pod_object*>(item))) {
      cycles_.push_back(std::move(*cycle));
    }
  }
}

void PipewireSession::on_global(void* data, uint32_t id, uint32_t, const char* type, uint32_t,
                                const spa_dict* properties) {
  static_cast<PipewireSession*>(data)->add_global(id, type, properties);
}

void PipewireSession::on_global_remove(void* data, uint32_t id) {
  PipewireSession& session = *static_cast<PipewireSession*>(data);
  session.ports_.erase(id);
  session.nodes_.erase(id);
}

void PipewireSession::on_profile(void* data, const spa_pod* pod) {
  static_cast<PipewireSession*>(data)->add_cycles(pod);
}

}  // namespace dmasim::test
