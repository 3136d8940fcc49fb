// SPDX-License-Identifier: LGPL-2.1-or-later
/// Short calls for a control device of the real alsa-lib.
#pragma once

#include <alsa/asoundlib.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dmasim::test {

using Values = std::vector<long>;

/// An element of a control device.
struct Element {
  unsigned numid = 0;
  std::string name;
  unsigned device = 0;
  unsigned subdevice = 0;
  snd_ctl_elem_iface_t iface = SND_CTL_ELEM_IFACE_MIXER;
  snd_ctl_elem_type_t type = SND_CTL_ELEM_TYPE_NONE;
  unsigned count = 0;
  long min = 0;
  long max = 0;
  bool readable = false;
  bool writable = false;
};

/// The id of an element for a call of alsa-lib, made from its numid.
class ElementId {
 public:
  explicit ElementId(const Element& element);
  [[nodiscard]] snd_ctl_elem_id_t* get() const noexcept { return id_.get(); }

 private:
  std::unique_ptr<snd_ctl_elem_id_t, decltype(&snd_ctl_elem_id_free)> id_;
};

class Ctl {
 public:
  /// A failed expectation if it cannot be opened.
  explicit Ctl(const std::string& name = "dmasim", int mode = SND_CTL_NONBLOCK);

  [[nodiscard]] snd_ctl_t* get() const noexcept { return ctl_.get(); }
  [[nodiscard]] std::vector<Element> elements() const;
  /// Finds the element of that name. If there is none: a failed expectation, and an element of
  /// numid 0.
  [[nodiscard]] Element find(const std::string& name, unsigned device = 0,
                             unsigned subdevice = 0) const;

  /// Reads the element. If it cannot be read: a failed expectation, and no values.
  [[nodiscard]] Values read(const Element& element) const;
  /// The names of an enumerated element's values.
  [[nodiscard]] std::vector<std::string> items(const Element& element) const;
  /// Answers what snd_ctl_elem_write answers.
  int write(const Element& element, const Values& values) const;

  /// Subscribes to events, or ends that. A failed expectation if the call fails.
  void subscribe(bool on = true) const;
  /// Says whether the poll descriptor is readable now.
  [[nodiscard]] bool readable() const;
  /// The numid of the next event that has come already. Empty if poll() shows none. A failed
  /// expectation if the event is not about a value.
  [[nodiscard]] std::optional<unsigned> event() const;

 private:
  struct Closer {
    void operator()(snd_ctl_t* ctl) const noexcept { snd_ctl_close(ctl); }
  };
  [[nodiscard]] Element describe(const snd_ctl_elem_list_t* list, unsigned place) const;

  std::unique_ptr<snd_ctl_t, Closer> ctl_;
};

/// Sets the element from another process. That process has ended when this returns.
void set_elsewhere(const std::string& ctl, const Element& element, const Values& values);

}  // namespace dmasim::test
