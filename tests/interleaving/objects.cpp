// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/interleaving/objects.h"

#include "tests/interleaving/run_heap.h"

namespace dmasim::sim {
namespace {

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
  run_ = ++runs_;
  running_ = true;
}

Object* Objects::put_back(size_t count, uint32_t run) {
  all_.resize(count);
  run_ = run;
  running_ = true;
  return all_.data();
}

uint32_t Objects::create(Object::Type type, const void* address, int owner) {
  const OutsideRun outside;
  all_.push_back({type, true, owner, address});
  if (!running_) lasting_ = all_.size();
  return static_cast<uint32_t>(all_.size() - 1);
}

Cell Objects::create_cell(Object::Type type, const void* address) {
  return {kMagic, running_ ? run_ : 0, create(type, address)};
}

std::string Objects::problem_with(const Cell& cell, Object::Type type) const {
  const std::string what = type_name(type);
  if (cell.magic != kMagic) return "memory that contains no " + what;
  if (is_of_other_run(cell)) return "a " + what + " of an earlier run (a static in the program?)";
  return "a destroyed " + what;
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

/// A named object may contain several mutexes. Their numbers follow the order of their creation.
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
