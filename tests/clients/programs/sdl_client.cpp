// SPDX-License-Identifier: LGPL-2.1-or-later
/// An SDL2 client with a callback. SDL_AUDIODRIVER=alsa and AUDIODEV choose the PCM.
#include <SDL.h>

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "tests/clients/programs/transfer.h"

namespace dmasim::test {
namespace {

constexpr int kPatienceSeconds = 60;
constexpr Uint16 kFrames = 2048;

struct Session {
  explicit Session(const Command& command) : transfer(command), play(command.play) {}
  Transfer<int16_t> transfer;
  bool play;
};

void callback(void* argument, Uint8* stream, int bytes) {
  Session& session = *static_cast<Session*>(argument);
  const std::span<int16_t> samples(reinterpret_cast<int16_t*>(stream),
                                   static_cast<size_t>(bytes) / sizeof(int16_t));
  if (session.play) {
    session.transfer.next(samples);
  } else {
    session.transfer.keep(samples);
  }
}

struct Quitter {
  ~Quitter() { SDL_Quit(); }
};

void work(const Command& command) {
  Session session(command);
  if (SDL_Init(SDL_INIT_AUDIO) != 0) throw std::runtime_error(SDL_GetError());
  const Quitter quitter;
  SDL_AudioSpec wanted{};
  wanted.freq = kRateHz;
  wanted.format = AUDIO_S16LSB;
  wanted.channels = kChannels;
  wanted.samples = kFrames;
  wanted.callback = callback;
  wanted.userdata = &session;
  const SDL_AudioDeviceID device =
      SDL_OpenAudioDevice(nullptr, command.play ? 0 : 1, &wanted, nullptr, 0);
  if (device == 0) throw std::runtime_error(SDL_GetError());
  SDL_PauseAudioDevice(device, 0);
  const bool over = session.transfer.wait(kPatienceSeconds);
  SDL_CloseAudioDevice(device);  // first plays what is in the buffers
  if (!over) throw std::runtime_error("SDL does not call back");
  if (!command.play) session.transfer.save();
}

}  // namespace
}  // namespace dmasim::test

int main(int argc, char** argv) { return dmasim::test::run(argc, argv, dmasim::test::work); }
