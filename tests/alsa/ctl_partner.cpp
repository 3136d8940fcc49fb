// SPDX-License-Identifier: LGPL-2.1-or-later
/// The other process at a mixer:
///   ctl_partner CTL NUMID VALUE...   sets an element, and ends with status 0
///   ctl_partner CTL NUMID toggle     sets the element to 0 and 1 in turn until it is killed
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/alsa/ctl_fixture.h"

namespace dmasim::test {
namespace {

int run(int count, char** words) {
  if (count < 4) return 2;
  const Ctl ctl(words[1]);
  if (ctl.get() == nullptr) return 3;
  Element element;
  element.numid = static_cast<unsigned>(std::atoi(words[2]));
  if (std::strcmp(words[3], "toggle") == 0) {
    for (long value = 0;; value = 1 - value) {
      if (ctl.write(element, {value}) < 0) return 1;
    }
  }
  Values values;
  for (int i = 3; i < count; ++i) values.push_back(std::atol(words[i]));
  const int error = ctl.write(element, values);
  if (error < 0) std::fprintf(stderr, "write: %s\n", snd_strerror(error));
  return error < 0 ? 1 : 0;
}

}  // namespace
}  // namespace dmasim::test

int main(int count, char** words) { return dmasim::test::run(count, words); }
