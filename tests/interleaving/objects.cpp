// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/interleaving/objects.h"

namespace dmasim::sim {
namespace {

constexpr uint64_t kMagic = 0x6d6973616d64a55aU;

const char* type_name(Object::Type type) {
  switch (type) {
    case Object::Type::mutex:
      return "mutex";
    case Object::Type::condvar:
      return "condvar";
    case Object::Type::thread:
      return "thread";
  }
  return "object";
}

}  // namespace

void Objects::begin_run() {
  all_.resize(lasting_);
  for (Object& object : all_) object.owner = kNobody;
  ++run_;
  running_ = true;
}

uint32_t Objects::create(Object::Type type, const void* address, int owner) {
  all_.push_back({type, true, owner, address});
  if (!running_) lasting_ = all_.size();
  return static_cast<uint32_t>(all_.size() - 1);
}

Cell Objects::create_cell(Object::Type type, const void* address) {
  return {kMagic, running_ ? run_ : 0, create(type, address)};
}

Object* Objects::find(const Cell& cell, Object::Type type, std::string& problem) {
  const std::string what = type_name(type);
  if (cell.magic != kMagic) {
    problem = "what is no " + what + ", or no longer";
  } else if (cell.run != 0 && cell.run != run_) {
    problem = "a " + what + " of an earlier run (a static in the program?)";
  } else if (!all_[cell.number].alive) {
    problem = "a destroyed " + what;
  } else {
    return &all_[cell.number];
  }
  return nullptr;
}

std::string Objects::leftovers(const Names& names) const {
  std::string text;
  for (size_t k = lasting_; k < all_.size(); ++k) {
    if (!all_[k].alive) continue;
    text += (text.empty() ? "" : ", ") + describe(static_cast<uint32_t>(k), names);
  }
  return text;
}

std::string Objects::describe(uint32_t number, const Names& names) const {
  const Object& object = all_[number];
  if (const Names::Range* range = names.find(object.address); range != nullptr) {
    return within(*range, number, names);
  }
  return std::string(type_name(object.type)) + "#" + std::to_string(number);
}

/// One named object may hold several mutexes; they are counted in the order of their creation.
std::string Objects::within(const Names::Range& range, uint32_t number, const Names& names) const {
  if (range.bytes == 1) return names.text(range);
  const Object& object = all_[number];
  int ordinal = 1;
  for (uint32_t k = 0; k < number; ++k) {
    const Object& other = all_[k];
    if (other.type == object.type && other.alive && range.contains(other.address)) ++ordinal;
  }
  return names.text(range) + "." + type_name(object.type) + std::to_string(ordinal);
}

}  // namespace dmasim::sim
