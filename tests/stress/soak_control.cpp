// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>

#include "tests/stress/soak.h"
#include "tests/stress/violation.h"

namespace dmasim::stress {
namespace {

using Mixer = std::unique_ptr<snd_mixer_t, decltype(&snd_mixer_close)>;

Mixer open_mixer() {
  snd_mixer_t* mixer = nullptr;
  expect_done(snd_mixer_open(&mixer, 0), "snd_mixer_open");
  Mixer owned(mixer, snd_mixer_close);
  const std::string name = std::string("dmasim:CARD=") + kSoakCard + "channel";
  expect_done(snd_mixer_attach(mixer, name.c_str()), "snd_mixer_attach");
  expect_done(snd_mixer_selem_register(mixer, nullptr, nullptr), "snd_mixer_selem_register");
  expect_done(snd_mixer_load(mixer), "snd_mixer_load");
  return owned;
}

void turn(snd_mixer_elem_t* element, Dice& dice) {
  if (snd_mixer_selem_has_playback_volume(element) != 0) {
    expect_done(snd_mixer_selem_set_playback_volume_all(element, dice.below(80)), "volume");
  }
  if (snd_mixer_selem_has_playback_switch(element) != 0) {
    expect_done(snd_mixer_selem_set_playback_switch_all(element, dice.one_in(2) ? 1 : 0), "switch");
  }
}

}  // namespace

void soak_control(Station& station) {
  station.pulse.step("mixer");
  const Mixer mixer = open_mixer();
  const unsigned turns = station.dice.between(1, 20);
  for (unsigned i = 0; i < turns; ++i) {
    for (snd_mixer_elem_t* each = snd_mixer_first_elem(mixer.get()); each != nullptr;
         each = snd_mixer_elem_next(each)) {
      if (station.dice.one_in(3)) turn(each, station.dice);
    }
    const int ready = snd_mixer_wait(mixer.get(), static_cast<int>(station.dice.below(5)));
    expect(ready == 0 || ready == -EIO, "snd_mixer_wait: " + std::to_string(ready));
    expect_done(snd_mixer_handle_events(mixer.get()), "snd_mixer_handle_events");
  }
}

void soak_fork(Station& station) {
  station.pulse.step("fork");
  const pid_t child = fork();
  if (child == 0) _exit(0);
  expect(child > 0, "fork");
  int status = 0;
  expect(waitpid(child, &status, 0) == child && status == 0,
         "a child ended with " + std::to_string(status));
  std::this_thread::sleep_for(std::chrono::milliseconds(station.dice.below(60)));
}

}  // namespace dmasim::stress
