// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/alsa/ctl_fixture.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dmasim::test {
namespace {

template <typename T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

Owned<snd_ctl_elem_value_t> new_value() {
  snd_ctl_elem_value_t* value = nullptr;
  EXPECT_EQ(snd_ctl_elem_value_malloc(&value), 0);
  return {value, snd_ctl_elem_value_free};
}

Owned<snd_ctl_elem_value_t> value_of(const Element& element) {
  auto value = new_value();
  snd_ctl_elem_value_set_id(value.get(), ElementId(element).get());
  return value;
}

}  // namespace

ElementId::ElementId(const Element& element) : id_(nullptr, snd_ctl_elem_id_free) {
  snd_ctl_elem_id_t* id = nullptr;
  EXPECT_EQ(snd_ctl_elem_id_malloc(&id), 0);
  id_.reset(id);
  snd_ctl_elem_id_set_numid(id, element.numid);
}

Ctl::Ctl(const std::string& name, int mode) {
  snd_ctl_t* ctl = nullptr;
  const int error = snd_ctl_open(&ctl, name.c_str(), mode);
  EXPECT_EQ(error, 0) << name << ": " << snd_strerror(error);
  ctl_.reset(error < 0 ? nullptr : ctl);
}

std::vector<Element> Ctl::elements() const {
  std::vector<Element> elements;
  snd_ctl_elem_list_t* list = nullptr;
  EXPECT_EQ(snd_ctl_elem_list_malloc(&list), 0);
  EXPECT_EQ(snd_ctl_elem_list(get(), list), 0);
  EXPECT_EQ(snd_ctl_elem_list_alloc_space(list, snd_ctl_elem_list_get_count(list)), 0);
  EXPECT_EQ(snd_ctl_elem_list(get(), list), 0);
  for (unsigned i = 0; i < snd_ctl_elem_list_get_used(list); ++i) {
    elements.push_back(describe(list, i));
  }
  snd_ctl_elem_list_free_space(list);
  snd_ctl_elem_list_free(list);
  return elements;
}

Element Ctl::describe(const snd_ctl_elem_list_t* list, unsigned place) const {
  Element element;
  element.numid = snd_ctl_elem_list_get_numid(list, place);
  element.name = snd_ctl_elem_list_get_name(list, place);
  element.device = snd_ctl_elem_list_get_device(list, place);
  element.subdevice = snd_ctl_elem_list_get_subdevice(list, place);
  element.iface = snd_ctl_elem_list_get_interface(list, place);
  snd_ctl_elem_info_t* info = nullptr;
  EXPECT_EQ(snd_ctl_elem_info_malloc(&info), 0);
  snd_ctl_elem_info_set_id(info, ElementId(element).get());
  EXPECT_EQ(snd_ctl_elem_info(get(), info), 0) << element.name;
  element.type = snd_ctl_elem_info_get_type(info);
  element.count = snd_ctl_elem_info_get_count(info);
  const bool integer = element.type == SND_CTL_ELEM_TYPE_INTEGER;
  element.min = integer ? snd_ctl_elem_info_get_min(info) : 0;
  element.max = integer ? snd_ctl_elem_info_get_max(info) : 1;
  element.readable = snd_ctl_elem_info_is_readable(info) != 0;
  element.writable = snd_ctl_elem_info_is_writable(info) != 0;
  snd_ctl_elem_info_free(info);
  return element;
}

Element Ctl::find(const std::string& name, unsigned device, unsigned subdevice) const {
  for (const Element& element : elements()) {
    if (element.name == name && element.device == device && element.subdevice == subdevice) {
      return element;
    }
  }
  ADD_FAILURE() << "no element " << name;
  return {};
}

Values Ctl::read(const Element& element) const {
  const auto value = value_of(element);
  const int error = snd_ctl_elem_read(get(), value.get());
  EXPECT_EQ(error, 0) << element.name << ": " << snd_strerror(error);
  Values values;
  for (unsigned i = 0; i < element.count; ++i) {
    values.push_back(snd_ctl_elem_value_get_integer(value.get(), i));
  }
  return values;
}

std::vector<std::string> Ctl::items(const Element& element) const {
  snd_ctl_elem_info_t* info = nullptr;
  EXPECT_EQ(snd_ctl_elem_info_malloc(&info), 0);
  std::vector<std::string> names;
  unsigned count = 1;
  for (unsigned i = 0; i < count; ++i) {
    snd_ctl_elem_info_set_id(info, ElementId(element).get());
    snd_ctl_elem_info_set_item(info, i);
    EXPECT_EQ(snd_ctl_elem_info(get(), info), 0) << element.name;
    count = snd_ctl_elem_info_get_items(info);
    names.emplace_back(snd_ctl_elem_info_get_item_name(info));
  }
  snd_ctl_elem_info_free(info);
  return names;
}

int Ctl::write(const Element& element, const Values& values) const {
  const auto value = value_of(element);
  for (unsigned i = 0; i < values.size(); ++i) {
    snd_ctl_elem_value_set_integer(value.get(), i, values[i]);
  }
  return snd_ctl_elem_write(get(), value.get());
}

void Ctl::subscribe(bool on) const { EXPECT_EQ(snd_ctl_subscribe_events(get(), on ? 1 : 0), 0); }

bool Ctl::readable() const {
  EXPECT_EQ(snd_ctl_poll_descriptors_count(get()), 1);
  pollfd entry{};
  EXPECT_EQ(snd_ctl_poll_descriptors(get(), &entry, 1), 1);
  return poll(&entry, 1, 0) == 1 && (entry.revents & POLLIN) != 0;
}

std::optional<unsigned> Ctl::event() const {
  if (!readable()) return std::nullopt;
  snd_ctl_event_t* event = nullptr;
  EXPECT_EQ(snd_ctl_event_malloc(&event), 0);
  const int got = snd_ctl_read(get(), event);
  std::optional<unsigned> numid;
  if (got > 0) {
    EXPECT_EQ(snd_ctl_event_get_type(event), SND_CTL_EVENT_ELEM);
    EXPECT_EQ(snd_ctl_event_elem_get_mask(event), unsigned{SND_CTL_EVENT_MASK_VALUE});
    numid = snd_ctl_event_elem_get_numid(event);
  } else {
    EXPECT_EQ(got, -EAGAIN);
  }
  snd_ctl_event_free(event);
  return numid;
}

void set_elsewhere(const std::string& ctl, const Element& element, const Values& values) {
  std::vector<std::string> words{DMASIM_CTL_PARTNER, ctl, std::to_string(element.numid)};
  for (const long value : values) words.push_back(std::to_string(value));
  std::vector<char*> raw;
  for (std::string& word : words) raw.push_back(word.data());
  raw.push_back(nullptr);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    execv(raw[0], raw.data());
    _exit(127);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

}  // namespace dmasim::test
