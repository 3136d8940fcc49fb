// SPDX-License-Identifier: LGPL-2.1-or-later
/// A JACK client. It does not use DEVICE, because JACK's server has opened the card. It prints what
/// JACK reports about the server and the latency of the ports: one `name value` on each line.
#include <jack/jack.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/clients/programs/transfer.h"

namespace dmasim::test {
namespace {

constexpr int kPatienceSeconds = 60;
constexpr jack_nframes_t kMostFrames = 8192;

struct ClientCloser {
  void operator()(jack_client_t* client) const noexcept { jack_client_close(client); }
};

/// What the process callback uses. JACK starts the callback's thread in activate and joins it in
/// close.
struct Session {
  explicit Session(const Command& command) : transfer(command), play(command.play) {}

  Transfer<float> transfer;
  bool play;
  std::array<jack_port_t*, kChannels> ports{};
  std::vector<float> frames = std::vector<float>(size_t{kMostFrames} * kChannels);
};

int process(jack_nframes_t count, void* argument) {
  Session& session = *static_cast<Session*>(argument);
  const std::span<float> frames = std::span(session.frames).first(size_t{count} * kChannels);
  if (session.play) session.transfer.next(frames);
  for (size_t channel = 0; channel < kChannels; ++channel) {
    float* port = static_cast<float*>(jack_port_get_buffer(session.ports[channel], count));
    for (size_t i = 0; i < count; ++i) {
      float& sample = frames[i * kChannels + channel];
      if (session.play) {
        port[i] = sample;
      } else {
        sample = port[i];
      }
    }
  }
  if (!session.play) session.transfer.keep(frames);
  return 0;
}

void register_ports(jack_client_t* client, Session& session) {
  const unsigned long direction = session.play ? JackPortIsOutput : JackPortIsInput;
  for (size_t channel = 0; channel < kChannels; ++channel) {
    const std::string name = "port_" + std::to_string(channel + 1);
    session.ports[channel] =
        jack_port_register(client, name.c_str(), JACK_DEFAULT_AUDIO_TYPE, direction, 0);
    if (session.ports[channel] == nullptr) throw std::runtime_error("no port");
  }
}

void connect_ports(jack_client_t* client, const Session& session) {
  for (size_t channel = 0; channel < kChannels; ++channel) {
    const std::string system =
        (session.play ? "system:playback_" : "system:capture_") + std::to_string(channel + 1);
    const char* own = jack_port_name(session.ports[channel]);
    const char* from = session.play ? own : system.c_str();
    const char* to = session.play ? system.c_str() : own;
    if (jack_connect(client, from, to) != 0) throw std::runtime_error("cannot connect " + system);
  }
}

void print_latency(const Session& session) {
  jack_latency_range_t range{};
  jack_port_get_latency_range(session.ports[0],
                              session.play ? JackPlaybackLatency : JackCaptureLatency, &range);
  std::printf("latency %u\n", range.max);
}

void work(const Command& command) {
  Session session(command);
  const std::unique_ptr<jack_client_t, ClientCloser> client(
      jack_client_open("dmasim_client", JackNoStartServer, nullptr));
  if (!client) throw std::runtime_error("no JACK server");
  if (jack_get_buffer_size(client.get()) > kMostFrames) throw std::runtime_error("huge buffer");
  std::printf("rate %u\nbuffer_size %u\n", jack_get_sample_rate(client.get()),
              jack_get_buffer_size(client.get()));
  jack_set_process_callback(client.get(), process, &session);
  register_ports(client.get(), session);
  if (jack_activate(client.get()) != 0) throw std::runtime_error("cannot activate");
  connect_ports(client.get(), session);
  print_latency(session);
  if (!session.transfer.wait(kPatienceSeconds)) throw std::runtime_error("JACK does not run");
  jack_deactivate(client.get());
  if (!command.play) session.transfer.save();
}

}  // namespace
}  // namespace dmasim::test

int main(int argc, char** argv) { return dmasim::test::run(argc, argv, dmasim::test::work); }
